//! What a flush syncs, and what it may then promise: the recovery point (D2, D4).

use std::io;
use std::sync::Arc;

use crate::error::Result;
use crate::fs::{File, FileSystem};
use crate::log::Log;

/// What one flush has to sync; taken from a log by [`Log::begin_flush`].
#[derive(Debug)]
pub struct FlushTask {
    files: Vec<Arc<dyn File>>,
    directory: Option<(Arc<dyn FileSystem>, String)>,
    truncations: u64,
    active_base: i64,
    up_to: i64,
}

impl FlushTask {
    /// Syncs the files, then the directory if files came or went. Takes as long as the disk takes.
    ///
    /// # Errors
    /// The disk's; the log must then be taken offline.
    pub fn run(&self) -> io::Result<()> {
        for file in &self.files {
            file.sync()?;
        }
        match &self.directory {
            Some((fs, path)) => fs.sync_directory(path),
            None => Ok(()),
        }
    }
}

impl Log {
    /// Collects what is dirty now. The indexes of the active segment are rebuilt after a crash, so they are only worth a
    /// sync for a clean stop (D3).
    ///
    /// # Errors
    /// When the log is offline.
    pub fn begin_flush(&mut self, is_clean_stop: bool) -> Result<FlushTask> {
        self.guarded(|log| {
            let mut files = Vec::new();
            let active_base = log.active_segment_base_offset();
            for segment in &mut log.segments {
                let is_active = segment.base_offset == active_base;
                if is_active && is_clean_stop {
                    segment.close_time_index()?;
                    files.extend(segment.index_files()?);
                }
                if std::mem::take(&mut segment.dirty) {
                    files.push(Arc::clone(&segment.file));
                    files.extend(if is_active {
                        Vec::new()
                    } else {
                        segment.index_files()?
                    });
                }
            }
            let directory = std::mem::take(&mut log.directory_dirty)
                .then(|| (Arc::clone(&log.fs), log.directory.clone()));
            Ok(FlushTask {
                files,
                directory,
                truncations: log.truncations,
                active_base,
                up_to: log.log_end_offset,
            })
        })
    }

    /// Moves the recovery point after `task` ran with `outcome`.
    ///
    /// False when the flush has to be done again: the log was truncated meanwhile, so that part of what was synced is gone
    /// and what replaced it may not be on disk; or it was rolled, and the indexes of the segment that was active are not.
    ///
    /// # Errors
    /// When `outcome` is a failure, or the log is offline.
    pub fn end_flush(&mut self, task: &FlushTask, outcome: io::Result<()>) -> Result<bool> {
        self.guarded(|log| {
            outcome?;
            if log.truncations != task.truncations
                || log.active_segment_base_offset() != task.active_base
            {
                for segment in &mut log.segments {
                    segment.dirty |= segment.next_offset > log.recovery_point;
                }
                return Ok(false);
            }
            log.recovery_point = log.recovery_point.max(task.up_to);
            Ok(true)
        })
    }
}
