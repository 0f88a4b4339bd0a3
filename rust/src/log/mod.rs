//! One replica's log: segments in a directory, in Kafka's file formats (L10).
//!
//! The log knows bytes, batches and offsets. It stamps what a leader stamps and keeps what a follower copied, but which of
//! the two it is, who may read how far, and what a sequence number means are decided above.
//!
//! A disk that failed once is not trusted again: the log goes *offline*, and every later call says so (style rule 9).

mod append;
mod cleaning;
mod delete;
mod durability;
mod entries;
mod offset_index;
mod offset_map;
mod reader;
mod recovery;
mod scan;
mod segment;
mod swap;
mod time_index;
mod timestamps;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

pub use cleaning::Cleaning;
pub use durability::FlushTask;
pub use reader::Slice;
pub use recovery::{Checkpoint, open};

use crate::error::{LogError, Result};
use crate::fs::FileSystem;
use segment::Segment;

/// A log that a flusher thread may look at while its owner goes on.
pub type SharedLog = Arc<Mutex<Log>>;

/// The topic settings that shape segments; Kafka's names and units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// A segment is rolled before it would grow past this.
    pub segment_bytes: u64,
    /// Counted from the segment's first batch timestamp (L9).
    pub segment_ms: i64,
    /// Up to so much is taken off it, for each segment another share (L9).
    pub segment_jitter_ms: i64,
    /// One index entry per so many bytes of batches.
    pub index_interval_bytes: u64,
    /// A full index rolls the segment.
    pub segment_index_bytes: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3600 * 1000,
            segment_jitter_ms: 0,
            index_interval_bytes: 4096,
            segment_index_bytes: 10 << 20,
        }
    }
}

/// One segment, as retention looks at it (L13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentInfo {
    /// First offset the segment may hold.
    pub base_offset: i64,
    /// Exclusive.
    pub next_offset: i64,
    /// Of the `.log` file.
    pub size_bytes: u64,
    /// Milliseconds; -1 when no record has a timestamp.
    pub largest_timestamp: i64,
    /// Of its first batch, in milliseconds; -1 when that has none.
    pub first_timestamp: i64,
}

/// See the module.
#[derive(Debug)]
#[allow(clippy::struct_field_names)] // Kafka's names
pub struct Log {
    fs: Arc<dyn FileSystem>,
    directory: String,
    config: LogConfig,
    /// Ascending by base offset; the last one is active. Never empty.
    segments: Vec<Segment>,
    /// First offset a reader may ask for; at most `log_end_offset`.
    log_start_offset: i64,
    /// The offset the next batch gets; exclusive.
    log_end_offset: i64,
    /// Everything below is on disk; at most `log_end_offset`.
    recovery_point: i64,
    /// Counts truncations, so that a flush under way knows that what it synced may be gone.
    truncations: u64,
    /// Files were created or removed since the last flush began.
    directory_dirty: bool,
    /// Tells the cleaning under way that its segments are not the log's any more.
    cleaning: Option<Arc<AtomicBool>>,
    /// Why the log is offline.
    failure: Option<String>,
    closed: bool,
}

impl Log {
    pub(crate) fn assemble(
        fs: Arc<dyn FileSystem>,
        directory: &str,
        config: LogConfig,
        segments: Vec<Segment>,
        checkpoint: Checkpoint,
    ) -> Self {
        let first = segments.first().map_or(0, |segment| segment.base_offset);
        let log_end_offset = segments.last().map_or(first, |segment| segment.next_offset);
        let log_start_offset = checkpoint.log_start_offset.max(first);
        Self {
            fs,
            directory: directory.to_owned(),
            config,
            segments,
            log_start_offset,
            log_end_offset,
            // Nothing below the log start is left to be lost.
            recovery_point: checkpoint
                .recovery_point
                .clamp(log_start_offset, log_end_offset.max(log_start_offset)),
            truncations: 0,
            directory_dirty: true,
            cleaning: None,
            failure: None,
            closed: false,
        }
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// First offset a reader may ask for.
    #[must_use]
    pub fn log_start_offset(&self) -> i64 {
        self.log_start_offset
    }

    /// The offset the next batch gets; exclusive.
    #[must_use]
    pub fn log_end_offset(&self) -> i64 {
        self.log_end_offset
    }

    /// Everything below is on disk.
    #[must_use]
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Bytes of all batches, readable or not.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Base offset of the segment that appends go to.
    #[must_use]
    pub fn active_segment_base_offset(&self) -> i64 {
        self.segments
            .last()
            .map_or(self.log_end_offset, |segment| segment.base_offset)
    }

    /// How many segments there are; at least one.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// Every segment, oldest first.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let info = |segment: &Segment| SegmentInfo {
            base_offset: segment.base_offset,
            next_offset: segment.next_offset,
            size_bytes: segment.size,
            largest_timestamp: segment.largest.map_or(-1, |(timestamp, _)| timestamp),
            first_timestamp: segment.first_timestamp,
        };
        self.segments.iter().map(info).collect()
    }

    /// Why the log is offline, if it is.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Takes the log offline for good.
    pub fn fail(&mut self, why: &str) {
        self.give_up_cleaning();
        self.failure.get_or_insert_with(|| why.to_owned());
    }

    /// Refuses every later call. Does not flush; a flush under way ends as it may.
    pub fn close(&mut self) {
        self.give_up_cleaning();
        self.closed = true;
    }

    /// Uses these settings from the next append on.
    pub fn reconfigure(&mut self, config: LogConfig) {
        self.config = config;
    }

    /// Runs an operation unless the log is offline, and takes it offline when the disk fails under it.
    fn guarded<T>(&mut self, operation: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(why) = &self.failure {
            return Err(LogError::Offline(why.clone()));
        }
        if self.closed {
            return Err(LogError::Offline("it was closed".to_owned()));
        }
        let result = operation(self);
        if let Err(LogError::Io(error)) = &result {
            self.failure = Some(error.to_string());
        }
        result
    }

    /// Index of the segment whose range contains `offset`.
    fn segment_index(&self, offset: i64) -> usize {
        self.segments
            .partition_point(|segment| segment.base_offset <= offset)
            .saturating_sub(1)
    }
}
