//! A file of fixed-size entries in ascending order: what both indexes are made of.
//!
//! Only the entries appended last are kept in memory, because most readers are near the end of the log; a look-up further
//! back reads the file, which the page cache holds. The file is opened when first needed.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, OnceLock};

use crate::fs::{File, FileSystem, read_exact_at};

/// Entries of `N` bytes each.
#[derive(Debug)]
pub struct EntryFile<const N: usize> {
    fs: Arc<dyn FileSystem>,
    path: String,
    file: OnceLock<Arc<dyn File>>,
    count: u64,
    /// The last entries of the file; never empty unless the file is.
    recent: VecDeque<[u8; N]>,
}

/// Entries kept in memory: a few kilobytes, some megabytes of log.
const MOST_RECENT: usize = 512;

impl<const N: usize> EntryFile<N> {
    /// The file at `path`; empty when it does not exist yet. `None` when its length is no multiple of an entry.
    pub fn open(fs: &Arc<dyn FileSystem>, path: String) -> io::Result<Option<Self>> {
        let length = fs.length(&path)?.unwrap_or(0);
        let count = length / N as u64;
        let mut entries = Self {
            fs: Arc::clone(fs),
            path,
            file: OnceLock::new(),
            count,
            recent: VecDeque::new(),
        };
        if length % N as u64 != 0 {
            return Ok(None);
        }
        if let Some(index) = count.checked_sub(1) {
            entries.recent.push_back(entries.get(index)?);
        }
        Ok(Some(entries))
    }

    /// The same file, emptied.
    pub fn create(fs: &Arc<dyn FileSystem>, path: String) -> io::Result<Self> {
        fs.remove_file(&path)?;
        fs.open(&path, true)?;
        Ok(Self {
            fs: Arc::clone(fs),
            path,
            file: OnceLock::new(),
            count: 0,
            recent: VecDeque::new(),
        })
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn last(&self) -> Option<[u8; N]> {
        self.recent.back().copied()
    }

    pub fn append(&mut self, entry: [u8; N]) -> io::Result<()> {
        self.file()?.append(&[&entry])?;
        self.count += 1;
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(entry);
        Ok(())
    }

    pub fn get(&self, index: u64) -> io::Result<[u8; N]> {
        let mut entry = [0; N];
        read_exact_at(&**self.file()?, &mut entry, index * N as u64)?;
        Ok(entry)
    }

    /// The last entry for which `holds`, given that it holds for a leading run of them.
    pub fn last_where(&self, holds: impl Fn(&[u8; N]) -> bool) -> io::Result<Option<[u8; N]>> {
        if self.recent.front().is_some_and(&holds) {
            let index = self.recent.partition_point(&holds);
            return Ok(self.recent.get(index.wrapping_sub(1)).copied());
        }
        let (mut low, mut high, mut found) = (0, self.count - self.recent.len() as u64, None);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.get(middle)?;
            if holds(&entry) {
                found = Some(entry);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(found)
    }

    /// Keeps the leading run of entries for which `holds`.
    pub fn truncate_where(&mut self, holds: impl Fn(&[u8; N]) -> bool) -> io::Result<()> {
        let before = self.count;
        while self.last().is_some_and(|last| !holds(&last)) {
            self.recent.pop_back();
            self.count -= 1;
            if let (true, Some(index)) = (self.recent.is_empty(), self.count.checked_sub(1)) {
                self.recent.push_back(self.get(index)?);
            }
        }
        if self.count < before {
            self.file()?.truncate(self.count * N as u64)?;
        }
        Ok(())
    }

    /// Before it is written again after it was complete.
    pub fn own(&self) -> io::Result<()> {
        self.file()?.own()
    }

    /// To be synced; `None` when nothing was ever written or read.
    pub fn file(&self) -> io::Result<&Arc<dyn File>> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = self.fs.open(&self.path, true)?;
        Ok(self.file.get_or_init(|| file))
    }
}
