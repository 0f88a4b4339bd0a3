//! Taking away: truncation from the end (R11), retention from the start (L12, L13).
//!
//! Cutting a file is not synced. After a power cut the batches may be back; the epoch check of the first fetch cuts them
//! again. What matters is that the recovery point goes down with the log end, so that recovery reads them. Removing a
//! segment is synced at once, though, and one segment after another: were one at the *end* back after other batches took
//! the offsets before it, it would fit on to them perfectly; and were one back while the one before it is gone, the log
//! would have a hole, which below the checkpointed recovery point recovery takes for a gap that compaction left.

use std::io;

use crate::error::{LogError, Result};
use crate::log::Log;
use crate::log::recovery::base_offset_of;
use crate::log::segment::{Segment, remove_files};

impl Log {
    /// Drops every batch whose last offset is at or above `offset`. The log then ends right behind the last batch left:
    /// at `offset`, unless that fell into a batch or a gap. No-op at or above the log end.
    ///
    /// # Errors
    /// The disk's.
    pub fn truncate_to(&mut self, offset: i64) -> Result<()> {
        self.guarded(|log| {
            if offset >= log.log_end_offset {
                return Ok(());
            }
            if log
                .segments
                .first()
                .is_some_and(|first| offset < first.base_offset)
            {
                return log.start_over(offset);
            }
            // From the end, so that at every moment what is left is a prefix.
            while log.segments.len() > 1 && log.active_segment_base_offset() > offset {
                log.drop_segment(log.segments.len() - 1)?;
            }
            let mut end = offset;
            if let Some(active) = log.segments.last_mut() {
                active.reopen()?;
                if let Some(first) = active.locate(offset)? {
                    active.truncate_from(&first)?;
                }
                end = active.next_offset;
            }
            log.end_at(end)
        })
    }

    /// Drops everything; log start, log end and recovery point become `offset`.
    ///
    /// # Errors
    /// The disk's.
    pub fn truncate_fully_and_start_at(&mut self, offset: i64) -> Result<()> {
        self.guarded(|log| log.start_over(offset))
    }

    /// Raises the log start offset (L12); a lower value is ignored.
    ///
    /// # Errors
    /// `OutOfRange` above the log end.
    pub fn advance_log_start_offset(&mut self, offset: i64) -> Result<()> {
        self.guarded(|log| {
            if offset > log.log_end_offset {
                let message = format!(
                    "log start {offset} would pass the log end {}",
                    log.log_end_offset
                );
                return Err(LogError::OutOfRange(message));
            }
            log.log_start_offset = log.log_start_offset.max(offset);
            Ok(())
        })
    }

    /// Deletes whole segments that end at or below `offset`, oldest first, never the active one; returns how many.
    ///
    /// # Errors
    /// The disk's.
    pub fn delete_segments_before(&mut self, offset: i64) -> Result<usize> {
        self.guarded(|log| {
            let mut deleted = 0;
            while let [_, second, ..] = log.segments.as_slice() {
                let next_base = second.base_offset;
                if next_base > offset {
                    break;
                }
                log.log_start_offset = log.log_start_offset.max(next_base);
                log.drop_segment(0)?;
                deleted += 1;
            }
            Ok(deleted)
        })
    }

    fn start_over(&mut self, offset: i64) -> Result<()> {
        // All of them, before the directory is synced: one that came back at the new start would be believed.
        self.remove_snapshots_from(i64::MIN)?;
        while !self.segments.is_empty() {
            self.drop_segment(self.segments.len() - 1)?;
        }
        self.segments
            .push(Segment::create_first(&self.fs, &self.directory, offset)?);
        self.end_at(offset)?;
        // Nothing below is left to be lost.
        (self.log_start_offset, self.recovery_point) = (offset, offset);
        Ok(())
    }

    fn end_at(&mut self, offset: i64) -> Result<()> {
        self.truncations += 1;
        self.give_up_cleaning();
        self.log_end_offset = offset;
        self.log_start_offset = self.log_start_offset.min(offset);
        self.recovery_point = self.recovery_point.min(offset);
        self.remove_snapshots_from(offset.saturating_add(1))?;
        // The next flush makes sure that they stay away, before the recovery point passes them (I9).
        self.directory_dirty = true;
        Ok(())
    }

    fn drop_segment(&mut self, index: usize) -> io::Result<()> {
        self.give_up_cleaning();
        let segment = self.segments.remove(index);
        remove_files(&*self.fs, &self.directory, segment.base_offset)?;
        self.fs.sync_directory(&self.directory)
    }

    /// A producer snapshot taken above the new end speaks of batches that are gone (I9).
    fn remove_snapshots_from(&self, offset: i64) -> io::Result<()> {
        for name in self.fs.list(&self.directory)? {
            if base_offset_of(&name, "snapshot").is_some_and(|base| base >= offset) {
                self.fs.remove_file(&format!("{}/{name}", self.directory))?;
            }
        }
        Ok(())
    }
}
