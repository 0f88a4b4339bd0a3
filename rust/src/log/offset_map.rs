//! Which offset each key was last seen at, in bounded memory (L16).
//!
//! Keys are remembered by hash, so an entry has one size whatever its key. Two keys with the same hash would lose the
//! older one's record; Kafka trusts MD5 not to have that happen, here it is 128 bits keyed with a secret that no client
//! knows, so nobody can make it happen either.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Kafka counts a 16-byte hash and an 8-byte offset for each key.
const ENTRY_BYTES: u64 = 24;

/// See the module.
#[derive(Debug)]
pub struct OffsetMap {
    offsets: HashMap<(u64, u64), i64>,
    hashers: (RandomState, RandomState),
    most: u64,
    /// Batches up to here are in it whole; -1 before the first.
    pub latest_offset: i64,
}

impl OffsetMap {
    /// A map that is full once its entries take this much.
    pub fn new(buffer_bytes: u64) -> Self {
        Self {
            offsets: HashMap::new(),
            hashers: (RandomState::new(), RandomState::new()),
            most: (buffer_bytes / ENTRY_BYTES).max(1),
            latest_offset: -1,
        }
    }

    /// False, and nothing done, when the map is full.
    pub fn put(&mut self, key: &[u8], offset: i64) -> bool {
        if self.offsets.len() as u64 >= self.most {
            return false;
        }
        self.offsets.insert(self.hash(key), offset);
        true
    }

    /// Whether the record at `offset` is the last one of its key, as far as the map goes.
    pub fn is_last(&self, key: &[u8], offset: i64) -> bool {
        offset > self.latest_offset
            || self
                .offsets
                .get(&self.hash(key))
                .is_none_or(|last| offset >= *last)
    }

    fn hash(&self, key: &[u8]) -> (u64, u64) {
        (self.hashers.0.hash_one(key), self.hashers.1.hash_one(key))
    }
}
