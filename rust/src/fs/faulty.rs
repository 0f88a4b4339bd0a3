//! Any file system, with faults that can be planted on it and healed: syncs that fail or take long, no space left.
//!
//! A fault has a number, which whoever plants it chooses, and concerns everything at or below a path. While none is
//! planted, a file costs one more atomic load per operation.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{File, FileSystem, os};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// A sync of a file or a directory fails.
    FailSync,
    /// So many bytes can still be written; what does not fit is cut off, and the write fails.
    Full {
        /// Bytes left.
        after_bytes: u64,
    },
    /// A sync of a segment takes so much longer.
    SlowSync {
        /// Milliseconds of the machine's time.
        ms: u64,
    },
}

/// Which syncs a fault strikes: not the first `skip`, and at most `times` (`None`: no limit). Writes are not counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Strikes {
    /// Passed over.
    pub skip: u64,
    /// At most.
    pub times: Option<u64>,
}

/// See the module. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct FaultyDisk {
    disk: Arc<dyn FileSystem>,
    faults: Arc<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    any: AtomicBool,
    planted: Mutex<Vec<Planted>>,
}

#[derive(Debug)]
struct Planted {
    number: u64,
    prefix: String,
    fault: DiskFault,
    strikes: Strikes,
    struck: u64,
}

impl FaultyDisk {
    /// Without faults so far.
    #[must_use]
    pub fn new(disk: Arc<dyn FileSystem>) -> Self {
        Self {
            disk,
            faults: Arc::default(),
        }
    }

    /// From now on, at and below `path`.
    pub fn plant(&self, number: u64, path: &str, fault: DiskFault, strikes: Strikes) {
        self.faults.lock().push(Planted {
            number,
            prefix: path.to_owned(),
            fault,
            strikes,
            struck: 0,
        });
        self.faults.any.store(true, Ordering::Release);
    }

    /// No more of it. What failed because of it stays failed.
    pub fn heal(&self, number: u64) {
        let mut planted = self.faults.lock();
        planted.retain(|one| one.number != number);
        self.faults
            .any
            .store(!planted.is_empty(), Ordering::Release);
    }

    /// How often it struck so far; 0 when there is no such fault.
    #[must_use]
    pub fn struck(&self, number: u64) -> u64 {
        let planted = self.faults.lock();
        planted
            .iter()
            .find(|one| one.number == number)
            .map_or(0, |one| one.struck)
    }
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Vec<Planted>> {
        self.planted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Before a sync of `path`: fails, or waits.
    fn before_sync(&self, path: &str) -> io::Result<()> {
        if !self.any() {
            return Ok(());
        }
        let mut wait_ms = 0;
        for one in self.lock().iter_mut().filter(|one| one.concerns(path)) {
            let fault = one.fault;
            match fault {
                DiskFault::FailSync if one.strikes_now() => {
                    return Err(io::Error::other(format!(
                        "{path}: the sync was told to fail"
                    )));
                }
                DiskFault::SlowSync { ms } if is_segment(path) && one.strikes_now() => {
                    wait_ms += ms;
                }
                _ => {}
            }
        }
        // The lock is free again: other files need not wait.
        os::wait_ms(wait_ms);
        Ok(())
    }

    /// How many of `wanted` bytes may be written to `path`; `None`: all of them.
    fn room(&self, path: &str, wanted: u64) -> Option<u64> {
        let mut room = None;
        for one in self.lock().iter_mut().filter(|one| one.concerns(path)) {
            if let DiskFault::Full { after_bytes } = &mut one.fault {
                if wanted > *after_bytes {
                    one.struck += 1;
                    room = Some(*after_bytes);
                }
                *after_bytes = after_bytes.saturating_sub(wanted);
            }
        }
        room
    }
}

impl Planted {
    fn concerns(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn strikes_now(&mut self) -> bool {
        if self.strikes.skip > 0 {
            self.strikes.skip -= 1;
            return false;
        }
        let strikes = self.strikes.times.is_none_or(|times| self.struck < times);
        self.struck += u64::from(strikes);
        strikes
    }
}

fn is_segment(path: &str) -> bool {
    path.rsplit_once('.').map(|(_, kind)| kind) == Some("log")
}

#[derive(Debug)]
struct FaultyFile {
    file: Arc<dyn File>,
    faults: Arc<Faults>,
    path: String,
}

impl FaultyFile {
    fn append_what_fits(&self, parts: &[&[u8]], room: u64) -> io::Result<()> {
        let mut left = usize::try_from(room).unwrap_or(usize::MAX);
        let mut fits = Vec::new();
        for part in parts {
            let (first, _) = part.split_at(left.min(part.len()));
            left -= first.len();
            fits.push(first);
        }
        if room > 0 {
            self.file.append(&fits)?;
        }
        let message = format!("{}: no space left, as it was told", self.path);
        Err(io::Error::new(io::ErrorKind::StorageFull, message))
    }
}

impl File for FaultyFile {
    fn append(&self, parts: &[&[u8]]) -> io::Result<()> {
        if self.faults.any() {
            let wanted = parts.iter().map(|part| part.len() as u64).sum();
            if let Some(room) = self.faults.room(&self.path, wanted) {
                return self.append_what_fits(parts, room);
            }
        }
        self.file.append(parts)
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.file.read_at(buffer, position)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn own(&self) -> io::Result<()> {
        self.file.own()
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.before_sync(&self.path)?;
        self.file.sync()
    }
}

impl FileSystem for FaultyDisk {
    fn open(&self, path: &str, create: bool) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(FaultyFile {
            file: self.disk.open(path, create)?,
            faults: Arc::clone(&self.faults),
            path: path.to_owned(),
        }))
    }

    fn length(&self, path: &str) -> io::Result<Option<u64>> {
        self.disk.length(path)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.disk.list(directory)
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        self.disk.create_directory(path)
    }

    fn rename(&self, source: &str, target: &str) -> io::Result<()> {
        self.disk.rename(source, target)
    }

    fn remove_file(&self, path: &str) -> io::Result<bool> {
        self.disk.remove_file(path)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.disk.remove_tree(path)
    }

    fn sync_directory(&self, path: &str) -> io::Result<()> {
        self.faults.before_sync(path)?;
        self.disk.sync_directory(path)
    }
}
