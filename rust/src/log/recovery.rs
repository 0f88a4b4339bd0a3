//! Opening a log, and what survives a crash (D2 to D4).
//!
//! After a clean stop the files are trusted. Otherwise everything from the segment that holds the recovery point onward is
//! read batch by batch: size, CRC-32C and offset order must hold. The log ends at the first byte that does not, and
//! later segments are deleted, so what is left is a *prefix* of what was written. Indexes are rebuilt on the way.
//!
//! One thing more than Kafka looks for: a segment that lost its unsynced tail exactly at a batch boundary is well formed,
//! but the next segment then does not begin where it ends. At or above the recovery point that is a hole where records
//! were, and the log ends there too.

use std::io;
use std::sync::Arc;

use crate::batch::{BatchHeader, HEADER_BYTES};
use crate::error::Result;
use crate::fs::{File, FileSystem, KEPT_SUFFIX};
use crate::log::segment::{Segment, file_path, remove_files};
use crate::log::{Log, LogConfig, swap};

/// Batches are checked through a window of this size, whatever their own size.
const WINDOW_BYTES: usize = 1 << 20;
/// Where the CRC begins to cover a batch.
const CRC_FROM: u64 = 21;

/// What the checkpoint files say about a log.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint {
    /// Everything below was synced.
    pub recovery_point: i64,
    /// As last checkpointed; rises to the first segment's base offset if that is higher.
    pub log_start_offset: i64,
    /// The last stop was a clean one, with a flush.
    pub clean: bool,
}

/// Opens the log in `directory`, creating it if missing.
///
/// # Errors
/// Only of the disk: whatever a crash left behind is cut, never refused.
pub fn open(
    fs: Arc<dyn FileSystem>,
    directory: &str,
    config: LogConfig,
    checkpoint: Checkpoint,
) -> Result<Log> {
    crate::files::make_directory(&*fs, directory)?;
    swap::finish(&fs, directory)?;
    let bases = tidy(&*fs, directory)?;
    let mut opening = Opening {
        fs: &fs,
        directory,
        config,
        segments: Vec::new(),
        cut: false,
    };
    opening.load(&bases, checkpoint)?;
    let mut segments = opening.segments;
    let mut end = segments
        .last()
        .map_or(checkpoint.log_start_offset, |segment| segment.next_offset);
    if end < checkpoint.log_start_offset {
        // Records were deleted up to an offset that the surviving files never reach.
        while let Some(segment) = segments.pop() {
            remove_for_good(&*fs, directory, segment.base_offset)?;
        }
        end = checkpoint.log_start_offset;
    }
    if segments.is_empty() {
        segments.push(Segment::create_first(&fs, directory, end)?);
    }
    Ok(Log::assemble(fs, directory, config, segments, checkpoint))
}

struct Opening<'a> {
    fs: &'a Arc<dyn FileSystem>,
    directory: &'a str,
    config: LogConfig,
    segments: Vec<Segment>,
    /// Something was cut: no later segment may stay.
    cut: bool,
}

impl Opening<'_> {
    fn load(&mut self, bases: &[i64], checkpoint: Checkpoint) -> Result<()> {
        for (index, &base_offset) in bases.iter().enumerate() {
            let next_base = bases.get(index + 1).copied();
            let is_below = next_base.is_some_and(|next| next <= checkpoint.recovery_point);
            let expected = self
                .segments
                .last()
                .map_or(base_offset, |segment| segment.next_offset);
            let is_hole = base_offset > expected
                && base_offset > checkpoint.recovery_point
                && !checkpoint.clean;
            if self.cut || base_offset < expected || is_hole {
                return self.remove_from(bases.get(index..).unwrap_or_default());
            }
            let trusted = if checkpoint.clean || is_below {
                self.trust(base_offset, next_base)
            } else {
                None
            };
            let segment = match trusted {
                Some(segment) => segment,
                None => self.recover(base_offset)?,
            };
            self.segments.push(segment);
        }
        Ok(())
    }

    /// Nothing behind a cut may stay. From the end, so that at every moment what is left is a prefix.
    fn remove_from(&self, bases: &[i64]) -> Result<()> {
        for &base_offset in bases.iter().rev() {
            remove_for_good(&**self.fs, self.directory, base_offset)?;
        }
        Ok(())
    }

    /// The segment as its files say, or `None` when they contradict each other and must be read in full.
    fn trust(&self, base_offset: i64, next_base: Option<i64>) -> Option<Segment> {
        let mut segment = Segment::open(self.fs, self.directory, base_offset).ok()??;
        segment.read_tail().ok()?;
        let Some(next_base) = next_base else {
            return Some(segment);
        };
        // A truncation that did not reach the disk shows here: the segment goes on past where the next one begins.
        let fits = segment.next_offset <= next_base;
        segment.next_offset = next_base;
        fits.then_some(segment)
    }

    fn recover(&mut self, base_offset: i64) -> Result<Segment> {
        let mut segment = Segment::create(self.fs, self.directory, base_offset)?;
        segment.truncated = true;
        let path = file_path(self.directory, base_offset, "log");
        let length = self.fs.length(&path)?.unwrap_or(0);
        let mut window = Window {
            file: Arc::clone(&segment.file),
            length,
            position: 0,
            bytes: Vec::new(),
        };
        while let Some(header) = window.good_batch(segment.size, segment.next_offset)? {
            segment.note(&header, self.config.index_interval_bytes)?;
        }
        segment.close_time_index()?;
        if segment.size < length {
            segment.cut_file()?;
            self.cut = true;
        }
        Ok(segment)
    }
}

/// A moving window on a file of unknown worth.
struct Window {
    file: Arc<dyn File>,
    length: u64,
    position: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// The batch at `position`, if its size, offsets and checksum hold.
    fn good_batch(&mut self, position: u64, least_offset: i64) -> io::Result<Option<BatchHeader>> {
        let Ok(header) = BatchHeader::parse(self.at(position, HEADER_BYTES as u64)?) else {
            return Ok(None);
        };
        let end = position + u64::from(header.size_bytes);
        if end > self.length || end > i32::MAX as u64 || header.base_offset < least_offset {
            return Ok(None);
        }
        let mut crc = 0;
        let mut from = position + CRC_FROM;
        while from < end {
            let piece = self.at(from, (end - from).min(WINDOW_BYTES as u64))?;
            let piece = piece.get(..(end - from) as usize).unwrap_or(piece);
            if piece.is_empty() {
                return Ok(None);
            }
            crc = crc32c::crc32c_append(crc, piece);
            from += piece.len() as u64;
        }
        Ok((crc == header.crc).then_some(header))
    }

    /// What the window holds from `position` on: at least `wanted` bytes unless the file ends before.
    fn at(&mut self, position: u64, wanted: u64) -> io::Result<&[u8]> {
        let end = self.position + self.bytes.len() as u64;
        if position < self.position || position + wanted > end && end < self.length {
            self.bytes.resize(
                (self.length - position).min(WINDOW_BYTES as u64) as usize,
                0,
            );
            let got = self.file.read_at(&mut self.bytes, position)?;
            self.bytes.truncate(got);
            self.position = position;
        }
        Ok(self
            .bytes
            .get((position - self.position) as usize..)
            .unwrap_or_default())
    }
}

/// As after a truncation: what was removed must not come back behind what is appended next, nor behind a hole.
fn remove_for_good(fs: &dyn FileSystem, directory: &str, base_offset: i64) -> io::Result<()> {
    remove_files(fs, directory, base_offset)?;
    fs.sync_directory(directory)
}

/// Removes what an interrupted operation left, and index files without a log; returns the base offsets, ascending.
fn tidy(fs: &dyn FileSystem, directory: &str) -> io::Result<Vec<i64>> {
    let names = fs.list(directory)?;
    let mut bases: Vec<i64> = names
        .iter()
        .filter_map(|name| base_offset_of(name, "log"))
        .collect();
    bases.sort_unstable();
    for name in &names {
        let is_leftover = [".deleted", ".cleaned", ".tmp", ".owned", KEPT_SUFFIX]
            .iter()
            .any(|suffix| name.ends_with(suffix));
        let is_orphan = ["index", "timeindex", "txnindex"]
            .iter()
            .find_map(|suffix| base_offset_of(name, suffix))
            .is_some_and(|base| bases.binary_search(&base).is_err());
        if is_leftover || is_orphan {
            fs.remove_file(&format!("{directory}/{name}"))?;
        }
    }
    Ok(bases)
}

/// 42 for `00000000000000000042.suffix`.
pub(crate) fn base_offset_of(name: &str, suffix: &str) -> Option<i64> {
    let digits = name.strip_suffix(suffix)?.strip_suffix('.')?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
