//! Small files: read whole, replaced whole (D6).
//!
//! A checkpoint is replaced by temp file, fsync, rename, fsync of the directory. Whatever the moment of a power cut, the
//! old content is there or the new one, never a mixture and never nothing.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::fs::{FileSystem, parent, read_exact_at};

/// The whole file, or `None` when there is none.
///
/// # Errors
/// Whatever the system says.
pub fn read_file(fs: &dyn FileSystem, path: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = fs.length(path)? else {
        return Ok(None);
    };
    let mut content = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    read_exact_at(&*fs.open(path, false)?, &mut content, 0)?;
    Ok(Some(content))
}

/// One path, one temporary file: two jobs that replace the same checkpoint would rename it away from under each other.
/// Paths share a few locks; a collision costs an fsync's wait.
static REPLACING: [Mutex<()>; 16] = [const { Mutex::new(()) }; 16];

fn lock_of(path: &str) -> &'static Mutex<()> {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(path);
    let index = usize::try_from(hash % 16).unwrap_or_default();
    REPLACING.get(index).unwrap_or(&REPLACING[0])
}

/// Replaces the file so that a crash leaves the old content or the new; durable on return. Of several that replace one
/// file at once, the last to get there stays.
///
/// # Errors
/// Whatever the system says; the old content is then still there.
pub fn write_file_atomically(fs: &dyn FileSystem, path: &str, content: &[u8]) -> io::Result<()> {
    let _replacing = lock_of(path).lock().unwrap_or_else(PoisonError::into_inner);
    let temporary = format!("{path}.tmp");
    fs.remove_file(&temporary)?;
    let file = fs.open(&temporary, true)?;
    file.append(&[content])?;
    file.sync()?;
    fs.rename(&temporary, path)?;
    fs.sync_directory(parent(path))
}

/// Replaces the file with no fsync: for what a crash may take, such as the snapshot at a roll (L9).
///
/// # Errors
/// Whatever the system says.
pub fn write_file(fs: &dyn FileSystem, path: &str, content: &[u8]) -> io::Result<()> {
    fs.remove_file(path)?;
    fs.open(path, true)?.append(&[content])
}

/// Creates a directory with its parents; every new entry is durable on return.
///
/// # Errors
/// Whatever the system says.
pub fn make_directory(fs: &dyn FileSystem, path: &str) -> io::Result<()> {
    match fs.create_directory(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && parent(path) != path => {
            make_directory(fs, parent(path))?;
            fs.create_directory(path)?;
        }
        other => other?,
    }
    fs.sync_directory(parent(path))
}

/// Renames a file or directory; durable on return.
///
/// # Errors
/// Whatever the system says.
pub fn rename(fs: &dyn FileSystem, source: &str, target: &str) -> io::Result<()> {
    fs.rename(source, target)?;
    if parent(source) != parent(target) {
        fs.sync_directory(parent(source))?;
    }
    fs.sync_directory(parent(target))
}
