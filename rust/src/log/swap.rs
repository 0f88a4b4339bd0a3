//! Putting cleaned segments in place of the old, so that a crash at any moment leaves one or the other (D6).
//!
//! ```text
//!     .cleaned   being written, then synced                    removed on load
//!     .swap      complete; the old files are going             finished on load
//!     (none)     in place
//! ```
//!
//! The directory is synced between the steps. Were an old segment to come back beside a new one that covers its offsets,
//! recovery would take one of the two for damage.

use std::sync::Arc;

use crate::error::Result;
use crate::fs::FileSystem;
use crate::log::Log;
use crate::log::cleaning::{Cleaning, Written};
use crate::log::recovery::base_offset_of;
use crate::log::scan::{HeaderScan, REPLAY_CHUNK};
use crate::log::segment::{CLEANED, OWN_SUFFIXES, SWAP, Segment, file_path, remove_files};

impl Log {
    /// Puts what `cleaning` wrote in place of what it read. False, and nothing of the log changes, when it was given up.
    ///
    /// # Errors
    /// The disk's, also when it failed under the cleaning: the log is offline then as well.
    pub fn swap_cleaned(&mut self, cleaning: &mut Cleaning) -> Result<bool> {
        if cleaning.is_given_up() {
            cleaning.discard()?;
            return Ok(false);
        }
        let written = std::mem::take(&mut cleaning.written);
        let failure = cleaning.failure.take();
        self.guarded(|log| {
            log.give_up_cleaning();
            if let Some(why) = failure {
                return Err(std::io::Error::other(why).into());
            }
            for one in &written {
                for suffix in OWN_SUFFIXES {
                    let path = file_path(&log.directory, one.base_offset, suffix);
                    log.fs
                        .rename(&format!("{path}{CLEANED}"), &format!("{path}{SWAP}"))?;
                }
            }
            log.fs.sync_directory(&log.directory)?;
            for base_offset in written.iter().flat_map(|one| &one.merged) {
                remove_files(&*log.fs, &log.directory, *base_offset)?;
            }
            log.fs.sync_directory(&log.directory)?;
            for one in &written {
                for suffix in OWN_SUFFIXES {
                    let path = file_path(&log.directory, one.base_offset, suffix);
                    log.fs.rename(&format!("{path}{SWAP}"), &path)?;
                }
            }
            log.fs.sync_directory(&log.directory)?;
            for one in &written {
                log.replace(one)?;
            }
            Ok(true)
        })
    }

    fn replace(&mut self, written: &Written) -> Result<()> {
        let from = self
            .segments
            .partition_point(|segment| segment.base_offset < written.base_offset);
        let to = self
            .segments
            .partition_point(|segment| segment.base_offset < written.next_offset);
        let opened = Segment::open(&self.fs, &self.directory, written.base_offset)?;
        let Some(mut segment) = opened else {
            return Err(std::io::Error::other("a cleaned segment is not as it was written").into());
        };
        segment.read_tail()?;
        segment.next_offset = written.next_offset;
        self.segments.splice(from..to, [segment]);
        Ok(())
    }
}

/// On load: finishes the swaps that a crash interrupted, and removes what no swap needs.
pub(super) fn finish(fs: &Arc<dyn FileSystem>, directory: &str) -> Result<()> {
    let names = fs.list(directory)?;
    let of = |name: &str, suffix: &str| base_offset_of(name.strip_suffix(SWAP)?, suffix);
    let swaps: Vec<i64> = names.iter().filter_map(|name| of(name, "log")).collect();
    for base_offset in &swaps {
        finish_one(fs, directory, *base_offset, &names)?;
    }
    for name in names.iter().filter(|name| name.ends_with(SWAP)) {
        let index_of = ["index", "timeindex"]
            .iter()
            .find_map(|suffix| of(name, suffix));
        if let Some(base_offset) = index_of.filter(|base| !swaps.contains(base)) {
            // Its log is in place already, or the swap never began: either way the indexes there may be of the other one.
            remove_indexes(fs, directory, base_offset)?;
        }
        fs.remove_file(&format!("{directory}/{name}"))?;
    }
    if names.iter().any(|name| name.ends_with(SWAP)) {
        fs.sync_directory(directory)?;
    }
    Ok(())
}

fn finish_one(
    fs: &Arc<dyn FileSystem>,
    directory: &str,
    base_offset: i64,
    names: &[String],
) -> Result<()> {
    let path = file_path(directory, base_offset, "log");
    let swap = format!("{path}{SWAP}");
    let end = end_of(fs, &swap, base_offset)?;
    let covered = names
        .iter()
        .filter_map(|name| base_offset_of(name, "log"))
        .filter(|base| (base_offset + 1..end).contains(base));
    for base in covered {
        remove_files(&**fs, directory, base)?;
    }
    // The indexes there may be those of the old segment; recovery builds new ones.
    remove_indexes(fs, directory, base_offset)?;
    fs.sync_directory(directory)?;
    fs.rename(&swap, &path)?;
    Ok(())
}

fn remove_indexes(fs: &Arc<dyn FileSystem>, directory: &str, base_offset: i64) -> Result<()> {
    for suffix in ["index", "timeindex"] {
        fs.remove_file(&file_path(directory, base_offset, suffix))?;
    }
    Ok(())
}

/// One past the last offset of a segment file; its base offset when it is empty.
fn end_of(fs: &Arc<dyn FileSystem>, path: &str, base_offset: i64) -> Result<i64> {
    let size = fs.length(path)?.unwrap_or(0);
    let file = fs.open(path, false)?;
    let mut scan = HeaderScan::new(&*file, 0, size, REPLAY_CHUNK);
    let mut end = base_offset;
    while let Some(located) = scan.next()? {
        end = located.header.next_offset();
    }
    Ok(end)
}
