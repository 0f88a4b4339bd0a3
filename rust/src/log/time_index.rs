//! Timestamp -> offset, sparsely, for `ListOffsets` by time and for retention (L10, F5, L13).
//!
//! An entry is 12 bytes: the largest timestamp of the segment so far, and the last offset of the batch that carries it,
//! relative to the base offset. Timestamps ascend strictly, so a batch that is not newer adds nothing.

use std::io;
use std::sync::Arc;

use crate::bytes::Cursor;
use crate::fs::FileSystem;
use crate::log::entries::EntryFile;

const ENTRY_BYTES: usize = 12;

/// The `.timeindex` file of one segment.
#[derive(Debug)]
pub struct TimeIndex {
    base_offset: i64,
    pub(crate) entries: EntryFile<ENTRY_BYTES>,
}

impl TimeIndex {
    /// `None` when the file is damaged and must be rebuilt.
    pub fn open(
        fs: &Arc<dyn FileSystem>,
        path: String,
        base_offset: i64,
    ) -> io::Result<Option<Self>> {
        let Some(entries) = EntryFile::open(fs, path)? else {
            return Ok(None);
        };
        let index = Self {
            base_offset,
            entries,
        };
        let Some((newest, _)) = index.last() else {
            return Ok(Some(index));
        };
        // Timestamps ascend, so a last entry before the first one means zero-filled pages.
        let (oldest, _) = index.decode(index.entries.get(0)?);
        Ok((newest >= oldest).then_some(index))
    }

    pub fn create(fs: &Arc<dyn FileSystem>, path: String, base_offset: i64) -> io::Result<Self> {
        Ok(Self {
            base_offset,
            entries: EntryFile::create(fs, path)?,
        })
    }

    pub fn is_full(&self, most_bytes: u64) -> bool {
        // One place stays free for the entry that closes the segment.
        self.entries.count() + 1 >= most_bytes / ENTRY_BYTES as u64
    }

    /// Adds (timestamp, offset) unless the last entry is as new.
    pub fn append(&mut self, timestamp: i64, offset: i64) -> io::Result<()> {
        if self.last().is_some_and(|(last, _)| timestamp <= last) {
            return Ok(());
        }
        let Ok(relative) = u32::try_from(offset - self.base_offset) else {
            return Ok(());
        };
        let mut entry = [0; ENTRY_BYTES];
        let (time, place) = entry.split_at_mut(8);
        time.copy_from_slice(&timestamp.to_be_bytes());
        place.copy_from_slice(&relative.to_be_bytes());
        self.entries.append(entry)
    }

    /// The entry with the largest timestamp.
    pub fn last(&self) -> Option<(i64, i64)> {
        self.entries.last().map(|entry| self.decode(entry))
    }

    /// An offset with no record of `timestamp` or later before it; `None` means start at the base offset.
    pub fn offset_before(&self, timestamp: i64) -> io::Result<Option<i64>> {
        let found = self
            .entries
            .last_where(|entry| self.decode(*entry).0 < timestamp)?;
        Ok(found.map(|entry| self.decode(entry).1))
    }

    /// Drops entries for offsets at or above `next_offset`.
    pub fn truncate(&mut self, next_offset: i64) -> io::Result<()> {
        let base_offset = self.base_offset;
        self.entries
            .truncate_where(|entry| decode(*entry, base_offset).1 < next_offset)
    }

    fn decode(&self, entry: [u8; ENTRY_BYTES]) -> (i64, i64) {
        decode(entry, self.base_offset)
    }
}

fn decode(entry: [u8; ENTRY_BYTES], base_offset: i64) -> (i64, i64) {
    let mut cursor = Cursor(&entry);
    // Twelve bytes hold both integers, so neither read can fall short.
    let timestamp = cursor.i64().unwrap_or(-1);
    (
        timestamp,
        base_offset + i64::from(cursor.u32().unwrap_or(0)),
    )
}
