//! Making appends durable. A flush is begun under the log's lock, run without it, and ended under it again, so that
//! appends go on while the disk works.

mod group_commit;
mod wake;

use std::sync::{MutexGuard, PoisonError};

pub use group_commit::{Completion, Flusher, THREADS};

use crate::error::Result;
use crate::log::{Log, SharedLog};

/// Flushes what the log holds when this is called, indexes included before a clean stop; returns the recovery point.
/// Blocks, without keeping the lock.
///
/// # Errors
/// The disk's, now or earlier.
pub fn flush(log: &SharedLog, is_clean_stop: bool) -> Result<i64> {
    loop {
        let task = lock(log).begin_flush(is_clean_stop)?;
        let outcome = task.run();
        let mut log = lock(log);
        if log.end_flush(&task, outcome)? {
            return Ok(log.recovery_point());
        }
    }
}

/// Locks a log. One that panicked half-way through an operation is taken offline rather than used.
pub fn lock(log: &SharedLog) -> MutexGuard<'_, Log> {
    match log.lock() {
        Ok(log) => log,
        Err(poisoned) => {
            let mut log = PoisonError::into_inner(poisoned);
            log.fail("a thread panicked while it changed the log");
            log
        }
    }
}
