//! Offset -> position, sparsely: one entry per `index.interval.bytes` of log (L10).
//!
//! An entry is 8 bytes: the *last* offset of a batch relative to the segment's base offset, and the position where that
//! batch begins. A reader starts at the last entry at or below the offset it wants and walks batches from there.

use std::io;
use std::sync::Arc;

use crate::bytes::Cursor;
use crate::fs::FileSystem;
use crate::log::entries::EntryFile;

const ENTRY_BYTES: usize = 8;

/// The `.index` file of one segment.
#[derive(Debug)]
pub struct OffsetIndex {
    base_offset: i64,
    pub(crate) entries: EntryFile<ENTRY_BYTES>,
}

impl OffsetIndex {
    /// `None` when the file is damaged and must be rebuilt.
    pub fn open(
        fs: &Arc<dyn FileSystem>,
        path: String,
        base_offset: i64,
    ) -> io::Result<Option<Self>> {
        let Some(entries) = EntryFile::open(fs, path)? else {
            return Ok(None);
        };
        let index = Self {
            base_offset,
            entries,
        };
        // Entries ascend and a segment never begins with one, so a last entry of zero means zero-filled pages.
        let sane = index.entries.last().is_none_or(|entry| decode(entry).1 > 0);
        Ok(sane.then_some(index))
    }

    pub fn create(fs: &Arc<dyn FileSystem>, path: String, base_offset: i64) -> io::Result<Self> {
        Ok(Self {
            base_offset,
            entries: EntryFile::create(fs, path)?,
        })
    }

    pub fn is_full(&self, most_bytes: u64) -> bool {
        self.entries.count() >= most_bytes / ENTRY_BYTES as u64
    }

    /// Ignores an offset too far from the base; `Segment` never lets one come here.
    pub fn append(&mut self, last_offset: i64, position: u32) -> io::Result<()> {
        let Ok(relative) = u32::try_from(last_offset - self.base_offset) else {
            return Ok(());
        };
        let mut entry = [0; ENTRY_BYTES];
        let (offset, place) = entry.split_at_mut(4);
        offset.copy_from_slice(&relative.to_be_bytes());
        place.copy_from_slice(&position.to_be_bytes());
        self.entries.append(entry)
    }

    /// A batch boundary at or before the batch that contains `offset`.
    pub fn position_before(&self, offset: i64) -> io::Result<u32> {
        let found = self
            .entries
            .last_where(|entry| self.base_offset + i64::from(decode(*entry).0) <= offset)?;
        Ok(found.map_or(0, |entry| decode(entry).1))
    }

    /// The last known batch boundary at or before `position`.
    pub fn boundary_before(&self, position: u64) -> io::Result<u32> {
        let found = self
            .entries
            .last_where(|entry| u64::from(decode(*entry).1) <= position)?;
        Ok(found.map_or(0, |entry| decode(entry).1))
    }

    /// Position of the last entry, where a scan for the end of the segment may begin.
    pub fn last_position(&self) -> u32 {
        self.entries.last().map_or(0, |entry| decode(entry).1)
    }

    /// Drops entries that point at or past `size`.
    pub fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.entries
            .truncate_where(|entry| u64::from(decode(*entry).1) < size)
    }
}

fn decode(entry: [u8; ENTRY_BYTES]) -> (u32, u32) {
    let mut cursor = Cursor(&entry);
    // Eight bytes hold two integers, so neither read can fall short.
    (cursor.u32().unwrap_or(0), cursor.u32().unwrap_or(0))
}
