//! What the tests of the log share: batches of recognisable content, and everything a log holds.

#![allow(clippy::unwrap_used, dead_code, missing_docs)]

use std::sync::{Arc, Mutex};

use minikafka_log::batch::{BatchOptions, NewRecord, build_batch, inspect};
use minikafka_log::fs::FileSystem;
use minikafka_log::log::{Checkpoint, Log, LogConfig, SharedLog, open};

pub const DIRECTORY: &str = "/data/topic-0";

/// Small enough that every run rolls, fills indexes and searches them.
pub const SMALL: LogConfig = LogConfig {
    segment_bytes: 1500,
    segment_ms: i64::MAX,
    segment_jitter_ms: 0,
    index_interval_bytes: 150,
    segment_index_bytes: 240,
};

/// A batch of `count` records that all say `label`.
pub fn batch(count: usize, label: &str, timestamp: i64) -> Vec<u8> {
    let record = NewRecord {
        timestamp,
        key: None,
        value: Some(label.as_bytes()),
        headers: &[],
    };
    build_batch(&vec![record; count], BatchOptions::default()).unwrap()
}

pub fn open_log(
    fs: &Arc<dyn FileSystem>,
    directory: &str,
    recovery_point: i64,
    log_start_offset: i64,
    clean: bool,
) -> Log {
    open(
        Arc::clone(fs),
        directory,
        SMALL,
        Checkpoint {
            recovery_point,
            log_start_offset,
            clean,
        },
    )
    .unwrap()
}

pub fn shared(log: Log) -> SharedLog {
    Arc::new(Mutex::new(log))
}

/// Appends as a leader of epoch 1, rolling when due; returns the bytes as they are in the log.
pub fn append(log: &mut Log, batch: &[u8], timestamp: i64) -> Vec<u8> {
    if log.should_roll(batch.len() as u64, timestamp, log.log_end_offset() + 100) {
        log.roll().unwrap();
    }
    let header = log.append_as_leader(batch, 1, None).unwrap();
    read_all(log, header.base_offset).concat()
}

/// Every batch from the one that contains `from`, through `read`, checked.
pub fn read_all(log: &mut Log, from: i64) -> Vec<Vec<u8>> {
    let mut batches = Vec::new();
    let mut offset = from;
    while offset < log.log_end_offset() {
        let slice = log.read(offset, 700, i64::MAX, true).unwrap();
        if slice.length == 0 {
            break;
        }
        let mut bytes = vec![0; slice.length];
        slice.copy_to(&mut bytes).unwrap();
        let mut rest = bytes.as_slice();
        for header in inspect(&bytes, true).unwrap() {
            let (batch, after) = rest.split_at(header.size_bytes as usize);
            batches.push(batch.to_vec());
            rest = after;
        }
        offset = slice.next_offset;
    }
    batches
}
