//! The operating system, behind an interface: everything above speaks to files through these two traits.
//!
//! Only `os.rs` may name `std::fs` (style rule 15). Paths are strings joined with `/`, so that the simulated file system
//! and the real one take the same.

mod chance;
mod faulty;
mod os;
mod sim;
mod torn;
mod tracked;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

pub use chance::Chance;
pub use faulty::{DiskFault, FaultyDisk, Strikes};
pub use os::OsFileSystem;
pub use sim::SimulatedDisk;
pub use torn::{SECTOR_BYTES, crash_image};
pub use tracked::{KEPT_SUFFIX, TrackedDisk};

/// One open file. Appends go to its end; reads name their position. Shared between threads.
pub trait File: Debug + Send + Sync {
    /// Writes all parts at the end of the file, in order.
    ///
    /// # Errors
    /// Whatever the system says; a part of the bytes may then be in the file.
    fn append(&self, parts: &[&[u8]]) -> io::Result<()>;

    /// Fills `buffer` from `position`; fewer bytes only at the end of the file.
    ///
    /// # Errors
    /// Whatever the system says.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;

    /// Cuts the file, after making it our own.
    ///
    /// # Errors
    /// Whatever the system says.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Makes the file our own, if it has another name besides: whoever set it aside by a hard link counts on its content
    /// staying as it is. To be called before a file that was complete is written again.
    ///
    /// # Errors
    /// Whatever the system says.
    fn own(&self) -> io::Result<()>;

    /// Returns once the content is on disk.
    ///
    /// # Errors
    /// Whatever the system says. Never try again: after a failed fsync the kernel may have dropped the bytes
    /// (style rule 9).
    fn sync(&self) -> io::Result<()>;
}

/// A place for files.
pub trait FileSystem: Debug + Send + Sync {
    /// Opens a file for reading and appending; creates it when missing and `create`.
    ///
    /// # Errors
    /// `NotFound` when missing and not `create`; whatever the system says.
    fn open(&self, path: &str, create: bool) -> io::Result<Arc<dyn File>>;

    /// Length of a file in bytes, `None` when there is no such file.
    ///
    /// # Errors
    /// Whatever the system says.
    fn length(&self, path: &str) -> io::Result<Option<u64>>;

    /// Names in a directory, sorted; empty when there is no such directory.
    ///
    /// # Errors
    /// Whatever the system says.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;

    /// Creates a directory; no error when it exists.
    ///
    /// # Errors
    /// `NotFound` without its parent; whatever the system says.
    fn create_directory(&self, path: &str) -> io::Result<()>;

    /// Renames a file (replacing the target) or a directory.
    ///
    /// # Errors
    /// Whatever the system says.
    fn rename(&self, source: &str, target: &str) -> io::Result<()>;

    /// Removes a file; false when there was none.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_file(&self, path: &str) -> io::Result<bool>;

    /// Removes a directory and everything in it; no error when it does not exist.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_tree(&self, path: &str) -> io::Result<()>;

    /// Returns once creations, renames and removals in this directory are on disk.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync_directory(&self, path: &str) -> io::Result<()>;
}

/// Reads exactly `buffer.len()` bytes.
///
/// # Errors
/// `UnexpectedEof` when the file ends before; whatever the system says.
pub fn read_exact_at(file: &dyn File, buffer: &mut [u8], position: u64) -> io::Result<()> {
    let wanted = buffer.len();
    let got = file.read_at(buffer, position)?;
    if got == wanted {
        return Ok(());
    }
    let message = format!("wanted {wanted} bytes at {position}, the file has {got}");
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, message))
}

/// The directory part of a path; `.` when it has none.
#[must_use]
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => ".",
    }
}
