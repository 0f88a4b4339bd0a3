//! Group commit: a few threads that sync dirty logs, the only threads of this crate.
//!
//! An fsync costs the same whether one append waits for it or a thousand. So while a log is being synced, further requests
//! for it gather; when the sync ends they share the next one. Different logs are synced side by side, since disks like
//! that, up to [`THREADS`] at a time. No thread here ever runs Python.

#![allow(clippy::disallowed_methods)] // this is the place

use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem;
use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::flush::flush;
use crate::flush::wake::Wake;
use crate::log::SharedLog;

/// Logs synced side by side.
pub const THREADS: usize = 4;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Of the request.
    pub token: i64,
    /// Everything below is on disk; of no meaning when the flush failed.
    pub recovery_point: i64,
    /// Why the flush failed; the log is offline then.
    pub error: Option<String>,
}

/// See the module.
#[derive(Debug)]
pub struct Flusher {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    work_waits: Condvar,
    wake: Wake,
}

#[derive(Debug, Default)]
struct State {
    /// Logs with requests that no thread works on, each at most once.
    queue: VecDeque<LogId>,
    /// Every log that is queued or being synced.
    logs: HashMap<LogId, Dirty>,
    completions: Vec<Completion>,
    stopping: bool,
}

/// The address of the log, which lives as long as its `Dirty` does.
type LogId = usize;

#[derive(Debug)]
struct Dirty {
    log: SharedLog,
    tokens: Vec<i64>,
}

impl Flusher {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system has no thread or descriptor left.
    pub fn new() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work_waits: Condvar::new(),
            wake: Wake::new()?,
        });
        let mut threads = Vec::new();
        for _ in 0..THREADS {
            let shared = Arc::clone(&shared);
            threads.push(
                thread::Builder::new()
                    .name("flush".into())
                    .spawn(move || shared.work())?,
            );
        }
        Ok(Self {
            shared,
            threads: Mutex::new(threads),
        })
    }

    /// Asks that what `log` holds now be synced. Answered even when there is nothing to do; not after `close`.
    pub fn request(&self, log: &SharedLog, token: i64) {
        let id = Arc::as_ptr(log) as LogId;
        let mut state = self.shared.lock();
        if let Some(dirty) = state.logs.get_mut(&id) {
            dirty.tokens.push(token);
            return;
        }
        state.logs.insert(
            id,
            Dirty {
                log: Arc::clone(log),
                tokens: vec![token],
            },
        );
        state.queue.push_back(id);
        drop(state);
        self.shared.work_waits.notify_one();
    }

    /// Readable while completions wait.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.shared.wake.descriptor()
    }

    /// Every answer since the last call.
    #[must_use]
    pub fn completed(&self) -> Vec<Completion> {
        // Drain first: news that comes in between costs one needless look, never a missed one.
        self.shared.wake.drain();
        mem::take(&mut self.shared.lock().completions)
    }

    /// Finishes what was asked, then stops the threads. Blocks; again is no error.
    pub fn close(&self) {
        self.shared.lock().stopping = true;
        self.shared.work_waits.notify_all();
        let threads = mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has taken its log offline (`flush::lock`); there is nothing more to do about it.
            let _ = thread.join();
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((id, log, tokens)) = self.next() {
            let outcome = flush(&log, false);
            self.finish(id, tokens, outcome.map_err(|error| error.to_string()));
        }
    }

    /// The next log and the requests that this sync will answer; `None` when it is time to stop.
    fn next(&self) -> Option<(LogId, SharedLog, Vec<i64>)> {
        let mut state = self.lock();
        loop {
            if let Some(id) = state.queue.pop_front() {
                let dirty = state.logs.get_mut(&id)?;
                return Some((id, Arc::clone(&dirty.log), mem::take(&mut dirty.tokens)));
            }
            if state.stopping {
                return None;
            }
            state = self
                .work_waits
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, id: LogId, tokens: Vec<i64>, outcome: Result<i64, String>) {
        let (recovery_point, error) = match outcome {
            Ok(recovery_point) => (recovery_point, None),
            Err(why) => (-1, Some(why)),
        };
        let mut state = self.lock();
        let is_news = state.completions.is_empty();
        state
            .completions
            .extend(tokens.into_iter().map(|token| Completion {
                token,
                recovery_point,
                error: error.clone(),
            }));
        // Requests that came while the disk worked share the next sync.
        if state
            .logs
            .get(&id)
            .is_some_and(|dirty| dirty.tokens.is_empty())
        {
            state.logs.remove(&id);
        } else {
            state.queue.push_back(id);
            self.work_waits.notify_one();
        }
        drop(state);
        if is_news {
            self.wake.notify();
        }
    }
}
