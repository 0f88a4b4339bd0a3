//! Rewriting segments while the log goes on (L16), as the caller says, batch by batch.
//!
//! A [`Cleaning`] holds the inactive segments as they were when it began. Its caller walks their headers, first to say
//! whose keys count ([`Cleaning::remember_keys`]), then again to say what becomes of each batch ([`Cleaning::write`]).
//! What is left is written beside them, into files that end in `.cleaned`, and synced; nothing of the log changes until
//! [`Log::swap_cleaned`](crate::log::Log::swap_cleaned) puts the new segments in place of the old.
//!
//! Nothing is locked meanwhile. Inactive segments only ever lose batches, by a truncation or by retention, and either
//! gives the cleaning up.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::{BatchHeader, RawRecords, Retention, check_crc, retain, unpack};
use crate::error::{BatchError, LogError, Result};
use crate::fs::{File, FileSystem, read_exact_at};
use crate::log::Log;
use crate::log::offset_map::OffsetMap;
use crate::log::scan::{HeaderScan, Located, REPLAY_CHUNK};
use crate::log::segment::{CLEANED, Segment};

/// An inactive segment as it was when the cleaning began.
#[derive(Debug)]
struct Source {
    base_offset: i64,
    next_offset: i64,
    size: u64,
    file: Arc<dyn File>,
}

/// A segment written, and the segments it stands for.
#[derive(Debug)]
pub(super) struct Written {
    pub base_offset: i64,
    /// Where the last segment it stands for ended.
    pub next_offset: i64,
    /// The base offsets of those after the first.
    pub merged: Vec<i64>,
}

/// See the module.
#[derive(Debug)]
pub struct Cleaning {
    fs: Arc<dyn FileSystem>,
    directory: String,
    index_interval: u64,
    sources: Vec<Source>,
    given_up: Arc<AtomicBool>,
    map: OffsetMap,
    /// The source read from, the position in it, and the batches handed out last.
    reading: usize,
    position: u64,
    chunk: Vec<Located>,
    writing: Option<(Segment, Range<usize>)>,
    pub(super) written: Vec<Written>,
    /// How the disk failed, if it did.
    pub(super) failure: Option<String>,
}

impl Log {
    /// Begins to clean the inactive segments that end at or below `up_to`; a cleaning under way is given up. Keys are
    /// remembered in about `buffer_bytes`.
    ///
    /// # Errors
    /// When the log is offline.
    pub fn begin_cleaning(&mut self, up_to: i64, buffer_bytes: u64) -> Result<Cleaning> {
        self.guarded(|log| {
            log.give_up_cleaning();
            let given_up = Arc::new(AtomicBool::new(false));
            log.cleaning = Some(Arc::clone(&given_up));
            let active = log.active_segment_base_offset();
            let sources = log
                .segments
                .iter()
                .filter(|segment| segment.base_offset < active && segment.next_offset <= up_to);
            Ok(Cleaning {
                fs: Arc::clone(&log.fs),
                directory: log.directory.clone(),
                index_interval: log.config.index_interval_bytes,
                sources: sources.map(Source::of).collect(),
                given_up,
                map: OffsetMap::new(buffer_bytes),
                reading: 0,
                position: 0,
                chunk: Vec::new(),
                writing: None,
                written: Vec::new(),
                failure: None,
            })
        })
    }

    /// Segments went or were cut: what is being cleaned is not the log any more.
    pub(super) fn give_up_cleaning(&mut self) {
        if let Some(flag) = self.cleaning.take() {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

impl Source {
    fn of(segment: &Segment) -> Self {
        Self {
            base_offset: segment.base_offset,
            next_offset: segment.next_offset,
            size: segment.size,
            file: Arc::clone(&segment.file),
        }
    }
}

impl Cleaning {
    /// Whether the log lost segments meanwhile, so that this leads nowhere.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Everything below is in the map; -1 before the first batch.
    #[must_use]
    pub fn latest_offset(&self) -> i64 {
        self.map.latest_offset
    }

    /// Reads on from the beginning of the segment with this base offset; one that was not there at the beginning has
    /// nothing to read.
    pub fn read_segment(&mut self, base_offset: i64) {
        let found = self
            .sources
            .iter()
            .position(|source| source.base_offset == base_offset);
        self.reading = found.unwrap_or(self.sources.len());
        self.position = 0;
        self.chunk.clear();
    }

    /// The next batches of the segment, at most `max_batches`; empty at its end.
    ///
    /// # Errors
    /// The disk's; `Offline` when the cleaning was given up.
    pub fn headers(&mut self, max_batches: usize) -> Result<Vec<BatchHeader>> {
        self.guarded(|cleaning| cleaning.next_headers(max_batches))
    }

    fn next_headers(&mut self, max_batches: usize) -> Result<Vec<BatchHeader>> {
        self.chunk.clear();
        if let Some(source) = self.sources.get(self.reading) {
            let mut scan = HeaderScan::new(&*source.file, self.position, source.size, REPLAY_CHUNK);
            while self.chunk.len() < max_batches {
                let Some(located) = scan.next()? else { break };
                self.position = located.end();
                self.chunk.push(located);
            }
        }
        Ok(self.chunk.iter().map(|located| located.header).collect())
    }

    /// Of the batches handed out last, remembers the keys of those `wanted`; how many batches are in the map whole. Fewer
    /// than were handed out: the map is full.
    ///
    /// # Errors
    /// `Batch` when a batch is damaged; the disk's; `Offline` when the cleaning was given up.
    pub fn remember_keys(&mut self, wanted: &[bool]) -> Result<usize> {
        self.guarded(|cleaning| {
            let chunk = std::mem::take(&mut cleaning.chunk);
            for (count, (located, is_wanted)) in chunk.iter().zip(wanted).enumerate() {
                if *is_wanted && !cleaning.remember_batch(located)? {
                    return Ok(count);
                }
                cleaning.map.latest_offset = located.header.last_offset();
            }
            Ok(chunk.len().min(wanted.len()))
        })
    }

    fn remember_batch(&mut self, located: &Located) -> Result<bool> {
        let batch = self.batch(located)?;
        let records = unpack(&located.header, &batch)?;
        for record in RawRecords::new(located.header.record_count, &records) {
            let record = record?;
            let offset = located.header.base_offset + i64::from(record.offset_delta);
            if let Some(key) = record.key
                && !self.map.put(key, offset)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Begins the segment that stands for those based at `bases`, which follow one another.
    ///
    /// # Errors
    /// `OutOfRange` when there are no such segments; the disk's.
    pub fn begin_segment(&mut self, bases: &[i64]) -> Result<()> {
        self.guarded(|cleaning| cleaning.create_segment(bases))
    }

    fn create_segment(&mut self, bases: &[i64]) -> Result<()> {
        let first = bases.first().copied().unwrap_or(-1);
        let from = self
            .sources
            .iter()
            .position(|source| source.base_offset == first);
        let range = from.map_or(0..0, |from| from..from + bases.len());
        let found = self.sources.get(range.clone()).unwrap_or_default();
        if bases.is_empty()
            || !found
                .iter()
                .map(|source| source.base_offset)
                .eq(bases.iter().copied())
        {
            return Err(LogError::OutOfRange(format!(
                "there are no segments {bases:?} to clean"
            )));
        }
        let segment = Segment::create_cleaned(&self.fs, &self.directory, first)?;
        self.writing = Some((segment, range));
        Ok(())
    }

    /// Writes what is left of the batches handed out last, one retention for each.
    ///
    /// # Errors
    /// `Batch` when a batch is damaged, or what is left does not fit into one segment; the disk's; `Offline` when the
    /// cleaning was given up.
    pub fn write(&mut self, retentions: &[Retention]) -> Result<()> {
        self.guarded(|cleaning| cleaning.write_left(retentions))
    }

    fn write_left(&mut self, retentions: &[Retention]) -> Result<()> {
        let Some((mut segment, range)) = self.writing.take() else {
            return Err(LogError::OutOfRange("no segment was begun".to_owned()));
        };
        for (located, retention) in std::mem::take(&mut self.chunk).iter().zip(retentions) {
            let batch = self.batch(located)?;
            let map = &self.map;
            let kept = retain(&located.header, &batch, *retention, |key, offset| {
                map.is_last(key, offset)
            })?;
            let Some(kept) = kept else { continue };
            let header = BatchHeader::parse(&kept)?;
            if !segment.room_for(kept.len() as u64, header.last_offset()) {
                let message = "the cleaned segment would outgrow its indexes";
                return Err(BatchError::invalid(message).into());
            }
            segment.append(&[header], &[&kept], self.index_interval)?;
        }
        self.writing = Some((segment, range));
        Ok(())
    }

    /// Closes the segment begun last and syncs its files.
    ///
    /// # Errors
    /// The disk's; `Offline` when the cleaning was given up.
    pub fn end_segment(&mut self) -> Result<()> {
        self.guarded(Self::close_segment)
    }

    fn close_segment(&mut self) -> Result<()> {
        let Some((mut segment, range)) = self.writing.take() else {
            return Err(LogError::OutOfRange("no segment was begun".to_owned()));
        };
        segment.close_time_index()?;
        for file in segment.index_files()? {
            file.sync()?;
        }
        segment.file.sync()?;
        let sources = self.sources.get(range).unwrap_or_default();
        self.written.push(Written {
            base_offset: segment.base_offset,
            next_offset: sources
                .last()
                .map_or(segment.next_offset, |last| last.next_offset),
            merged: sources
                .iter()
                .skip(1)
                .map(|source| source.base_offset)
                .collect(),
        });
        Ok(())
    }

    /// Removes what was written, when nobody is going to swap it in.
    ///
    /// # Errors
    /// The disk's.
    pub fn discard(&mut self) -> Result<()> {
        self.writing = None;
        self.written.clear();
        for name in self.fs.list(&self.directory)? {
            if name.ends_with(CLEANED) {
                self.fs.remove_file(&format!("{}/{name}", self.directory))?;
            }
        }
        Ok(())
    }

    fn batch(&self, located: &Located) -> Result<Vec<u8>> {
        let Some(source) = self.sources.get(self.reading) else {
            return Err(io::Error::other("no segment is being read").into());
        };
        // The walk saw that the file holds as much.
        let mut batch = vec![0; located.header.size_bytes as usize];
        read_exact_at(&*source.file, &mut batch, located.position)?;
        check_crc(&located.header, &batch)?;
        Ok(batch)
    }

    /// Refuses once given up; remembers when the disk fails.
    fn guarded<T>(&mut self, operation: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let result = if self.is_given_up() {
            let why = "its segments changed meanwhile".to_owned();
            Err(LogError::Offline(why))
        } else {
            operation(self)
        };
        if let Err(LogError::Io(error)) = &result {
            self.failure = Some(error.to_string());
        }
        result
    }
}
