//! The operating system's files: the only place that names `std::fs`.
//!
//! A broker may hold thousands of segments, so files are opened when first used and at most [`MOST_OPEN_FILES`] stay
//! open, the ones used lately. Closing one loses nothing: what it wrote is in the page cache, and an fsync through
//! another descriptor of the same file covers it.

#![allow(clippy::disallowed_methods)] // this is the place

use std::collections::VecDeque;
use std::fs;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{File, FileSystem};

/// Open files per process; below the usual soft limit of 1024 descriptors with room for sockets.
pub const MOST_OPEN_FILES: usize = 512;

/// What a copy is called until it takes the place of a file that is shared with another name.
const OWNED_SUFFIX: &str = ".owned";

/// The operating system's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsFileSystem;

/// The files that are open now, roughly in the order of their opening. One pool for the process, because descriptors
/// are counted per process.
static OPEN_FILES: Mutex<VecDeque<Weak<OsFile>>> = Mutex::new(VecDeque::new());

#[derive(Debug)]
struct OsFile {
    path: String,
    handle: Mutex<Option<Arc<fs::File>>>,
    /// Set at each use, cleared when the pool passes by: a second chance before the file is closed.
    used: AtomicBool,
    myself: Weak<OsFile>,
}

impl OsFile {
    fn handle(&self) -> io::Result<Arc<fs::File>> {
        self.used.store(true, Ordering::Relaxed);
        let mut slot = lock(&self.handle);
        if let Some(handle) = slot.as_ref() {
            return Ok(Arc::clone(handle));
        }
        let handle = Arc::new(
            fs::OpenOptions::new()
                .read(true)
                .append(true)
                .open(&self.path)?,
        );
        *slot = Some(Arc::clone(&handle));
        drop(slot);
        enter_pool(self.myself.clone());
        Ok(handle)
    }
}

/// Counts one more open file, and closes those not used lately while there are too many.
fn enter_pool(file: Weak<OsFile>) {
    let mut pool = lock(&OPEN_FILES);
    pool.push_back(file);
    // Twice around is enough: the first pass clears every second chance.
    for _ in 0..2 * pool.len() {
        if pool.len() <= MOST_OPEN_FILES {
            break;
        }
        let Some(oldest) = pool.pop_front() else {
            break;
        };
        let Some(file) = oldest.upgrade() else {
            continue;
        };
        if file.used.swap(false, Ordering::Relaxed) {
            pool.push_back(oldest);
        } else {
            lock(&file.handle).take();
        }
    }
}

impl File for OsFile {
    fn append(&self, parts: &[&[u8]]) -> io::Result<()> {
        let handle = self.handle()?;
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut left = slices.as_mut_slice();
        while left.iter().any(|slice| !slice.is_empty()) {
            match (&*handle).write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let handle = self.handle()?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match handle.read_at(rest, position + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.own()?;
        self.handle()?.set_len(length)
    }

    fn own(&self) -> io::Result<()> {
        let shared = self.handle()?;
        if shared.metadata()?.nlink() < 2 {
            return Ok(());
        }
        let copy = format!("{}{OWNED_SUFFIX}", self.path);
        fs::copy(&self.path, &copy)?;
        fs::rename(&copy, &self.path)?;
        lock(&self.handle).take();
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.handle()?.sync_data()
    }
}

impl FileSystem for OsFileSystem {
    fn open(&self, path: &str, create: bool) -> io::Result<Arc<dyn File>> {
        if create {
            fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path)?;
        } else if !Path::new(path).is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, path.to_owned()));
        }
        Ok(Arc::new_cyclic(|myself| OsFile {
            path: path.to_owned(),
            handle: Mutex::new(None),
            used: AtomicBool::new(false),
            myself: myself.clone(),
        }))
    }

    fn length(&self, path: &str) -> io::Result<Option<u64>> {
        absent_as_none(fs::metadata(path).map(|metadata| metadata.len()))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let Some(entries) = absent_as_none(fs::read_dir(directory))? else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    fn rename(&self, source: &str, target: &str) -> io::Result<()> {
        fs::rename(source, target)
    }

    fn remove_file(&self, path: &str) -> io::Result<bool> {
        absent_as_none(fs::remove_file(path)).map(|removed| removed.is_some())
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        absent_as_none(fs::remove_dir_all(path)).map(|_removed| ())
    }

    fn sync_directory(&self, path: &str) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }
}

/// A second name for a file, which keeps it when the first goes.
pub(super) fn hard_link(path: &str, link: &str) -> io::Result<()> {
    fs::hard_link(path, link)
}

/// False as well when there is nothing.
pub(super) fn is_directory(path: &str) -> bool {
    Path::new(path).is_dir()
}

/// Returns so much later.
pub(super) fn wait_ms(ms: u64) {
    if ms > 0 {
        std::thread::sleep(std::time::Duration::from_millis(ms));
    }
}

fn absent_as_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// A panic while a handle was swapped leaves a valid handle, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
