//! One segment: a `.log` file of batches and the two sparse indexes beside it (L10).

use std::io;
use std::sync::Arc;

use crate::batch::BatchHeader;
use crate::error::Result;
use crate::fs::{File, FileSystem};
use crate::log::offset_index::OffsetIndex;
use crate::log::scan::{HeaderScan, LOOK_UP_CHUNK, Located};
use crate::log::time_index::TimeIndex;

/// Every file that belongs to a segment; the last two are written by the owners of their meaning.
pub const SUFFIXES: [&str; 5] = ["log", "index", "timeindex", "txnindex", "snapshot"];

/// The files a segment consists of.
pub const OWN_SUFFIXES: [&str; 3] = ["log", "index", "timeindex"];
/// Added to the names of a segment being written in place of others (D6).
pub const CLEANED: &str = ".cleaned";
/// Added to them once it is complete.
pub const SWAP: &str = ".swap";

/// `directory/00000000000000000042.suffix`
pub fn file_path(directory: &str, base_offset: i64, suffix: &str) -> String {
    format!("{directory}/{base_offset:020}.{suffix}")
}

/// One segment; the log keeps them in order.
#[derive(Debug)]
pub struct Segment {
    pub base_offset: i64,
    /// One past the last offset; equal to the base offset while empty. Never above the next segment's base offset.
    pub next_offset: i64,
    /// Bytes in the `.log` file.
    pub size: u64,
    pub file: Arc<dyn File>,
    pub offset_index: OffsetIndex,
    pub time_index: TimeIndex,
    /// The largest timestamp and the last offset of the batch that carries it.
    pub largest: Option<(i64, i64)>,
    /// Max timestamp of the first batch, from which `segment.ms` is measured; -1 without one (L9).
    pub first_timestamp: i64,
    /// Appended to since the last flush began.
    pub dirty: bool,
    /// Cut, perhaps without a sync: in this life, or in one before it that nobody knows of.
    pub truncated: bool,
    bytes_since_index_entry: u64,
}

impl Segment {
    /// A new, empty segment, or an existing file about to be scanned: the indexes start empty.
    pub fn create(fs: &Arc<dyn FileSystem>, directory: &str, base_offset: i64) -> io::Result<Self> {
        Self::create_at(fs, base_offset, |suffix| {
            file_path(directory, base_offset, suffix)
        })
    }

    /// A new segment beside the log's, under names of its own; whatever had those names goes.
    pub fn create_cleaned(
        fs: &Arc<dyn FileSystem>,
        directory: &str,
        base_offset: i64,
    ) -> io::Result<Self> {
        let path = |suffix| format!("{}{CLEANED}", file_path(directory, base_offset, suffix));
        fs.remove_file(&path("log"))?;
        Self::create_at(fs, base_offset, path)
    }

    fn create_at(
        fs: &Arc<dyn FileSystem>,
        base_offset: i64,
        path: impl Fn(&'static str) -> String,
    ) -> io::Result<Self> {
        Ok(Self {
            base_offset,
            next_offset: base_offset,
            size: 0,
            file: fs.open(&path("log"), true)?,
            offset_index: OffsetIndex::create(fs, path("index"), base_offset)?,
            time_index: TimeIndex::create(fs, path("timeindex"), base_offset)?,
            largest: None,
            first_timestamp: -1,
            dirty: true,
            truncated: false,
            bytes_since_index_entry: 0,
        })
    }

    /// The first segment of a log. Its name is durable on return: recovery could not tell a log that lost its first
    /// segment from one whose oldest records were deleted.
    pub fn create_first(
        fs: &Arc<dyn FileSystem>,
        directory: &str,
        base_offset: i64,
    ) -> io::Result<Self> {
        let segment = Self::create(fs, directory, base_offset)?;
        fs.sync_directory(directory)?;
        Ok(segment)
    }

    /// An existing segment whose files are trusted (D3); `None` when an index is missing or damaged.
    ///
    /// `next_offset` and the tail are not known yet: see [`Segment::read_tail`].
    pub fn open(
        fs: &Arc<dyn FileSystem>,
        directory: &str,
        base_offset: i64,
    ) -> Result<Option<Self>> {
        let path = |suffix| file_path(directory, base_offset, suffix);
        let size = fs.length(&path("log"))?.unwrap_or(0);
        for suffix in ["index", "timeindex"] {
            if fs.length(&path(suffix))?.is_none() {
                return Ok(None);
            }
        }
        let Some(offset_index) = OffsetIndex::open(fs, path("index"), base_offset)? else {
            return Ok(None);
        };
        let Some(time_index) = TimeIndex::open(fs, path("timeindex"), base_offset)? else {
            return Ok(None);
        };
        if size > 0 && u64::from(offset_index.last_position()) >= size {
            return Ok(None);
        }
        let mut segment = Self {
            base_offset,
            next_offset: base_offset,
            size,
            file: fs.open(&path("log"), false)?,
            largest: time_index.last(),
            offset_index,
            time_index,
            first_timestamp: -1,
            dirty: false,
            truncated: false,
            bytes_since_index_entry: 0,
        };
        if let Some(first) = segment.scan_from(0).next()? {
            segment.first_timestamp = first.header.max_timestamp;
        }
        Ok(Some(segment))
    }

    /// Learns the end of the segment from the batches behind the last index entry.
    pub fn read_tail(&mut self) -> Result<()> {
        let from = u64::from(self.offset_index.last_position());
        let mut largest = self.largest;
        let mut next_offset = self.next_offset;
        let mut scan = self.scan_from(from);
        while let Some(located) = scan.next()? {
            next_offset = located.header.next_offset();
            largest = newer(largest, &located.header);
        }
        (self.largest, self.next_offset) = (largest, next_offset);
        self.bytes_since_index_entry = self.size - from;
        Ok(())
    }

    /// Writes whole batches, given as `parts`, whose headers (as stamped) are `headers`.
    pub fn append(
        &mut self,
        headers: &[BatchHeader],
        parts: &[&[u8]],
        index_interval: u64,
    ) -> io::Result<()> {
        self.dirty = true;
        self.file.append(parts)?;
        for header in headers {
            self.note(header, index_interval)?;
        }
        Ok(())
    }

    /// Accounts for the batch that begins at the current size: end, timestamps, index entries.
    pub fn note(&mut self, header: &BatchHeader, index_interval: u64) -> io::Result<()> {
        if self.size == 0 {
            self.first_timestamp = header.max_timestamp;
        }
        self.largest = newer(self.largest, header);
        if self.bytes_since_index_entry > index_interval {
            // A segment never grows past i32::MAX (`room_for`), so the position fits.
            self.offset_index
                .append(header.last_offset(), self.size as u32)?;
            self.close_time_index()?;
            self.bytes_since_index_entry = 0;
        }
        self.bytes_since_index_entry += u64::from(header.size_bytes);
        self.size += u64::from(header.size_bytes);
        self.next_offset = header.next_offset();
        Ok(())
    }

    /// Shortens the file to the size known to be good.
    pub fn cut_file(&mut self) -> io::Result<()> {
        self.truncated = true;
        self.dirty = true;
        self.file.truncate(self.size)
    }

    /// The last thing done to an active segment. If it was truncated it is synced now: were the cut undone by a power loss
    /// that the next segment survives, an old batch and a new one could meet at the boundary without a seam.
    pub fn seal(&mut self) -> io::Result<()> {
        if self.truncated {
            self.file.sync()?;
        }
        self.dirty = true;
        self.close_time_index()
    }

    /// Records the largest timestamp so far.
    pub fn close_time_index(&mut self) -> io::Result<()> {
        match self.largest {
            Some((timestamp, offset)) => self.time_index.append(timestamp, offset),
            None => Ok(()),
        }
    }

    /// Whether a batch ending at `last_offset` still has a relative offset and a position in 31 bits.
    pub fn room_for(&self, size_bytes: u64, last_offset: i64) -> bool {
        let most = i64::from(i32::MAX);
        last_offset - self.base_offset <= most && self.size + size_bytes <= most as u64
    }

    /// The batch that contains `offset`, or the first one after it.
    pub fn locate(&self, offset: i64) -> Result<Option<Located>> {
        let from = u64::from(self.offset_index.position_before(offset)?);
        self.scan_from(from)
            .find(|header| header.last_offset() >= offset)
    }

    /// Cuts off a batch and everything behind it.
    pub fn truncate_from(&mut self, first: &Located) -> Result<()> {
        self.size = first.position;
        self.cut_file()?;
        self.offset_index.truncate(first.position)?;
        self.time_index.truncate(first.header.base_offset)?;
        self.largest = self.time_index.last();
        self.next_offset = self.base_offset;
        if self.size == 0 {
            self.first_timestamp = -1;
        }
        self.read_tail()
    }

    /// Becomes the active segment again, to be appended to. Its files may have been set aside when it was complete.
    pub fn reopen(&self) -> io::Result<()> {
        self.file.own()?;
        self.offset_index.entries.own()?;
        self.time_index.entries.own()
    }

    /// Headers from a batch boundary to the end, in small chunks.
    pub fn scan_from(&self, position: u64) -> HeaderScan<'_> {
        HeaderScan::new(&*self.file, position, self.size, LOOK_UP_CHUNK)
    }

    /// Both indexes, to be synced.
    pub fn index_files(&self) -> io::Result<Vec<Arc<dyn File>>> {
        let (offsets, times) = (
            self.offset_index.entries.file()?,
            self.time_index.entries.file()?,
        );
        Ok(vec![Arc::clone(offsets), Arc::clone(times)])
    }
}

/// The earliest batch with the largest timestamp wins.
fn newer(largest: Option<(i64, i64)>, header: &BatchHeader) -> Option<(i64, i64)> {
    let newest = header.newest_record_timestamp();
    if newest > largest.map_or(-1, |(timestamp, _)| timestamp) {
        Some((newest, header.last_offset()))
    } else {
        largest
    }
}

/// Removes every file of a segment; missing ones are no error.
pub fn remove_files(fs: &dyn FileSystem, directory: &str, base_offset: i64) -> io::Result<()> {
    for suffix in SUFFIXES {
        fs.remove_file(&file_path(directory, base_offset, suffix))?;
    }
    Ok(())
}
