//! Reading: which bytes of which file answer a fetch, decided from headers and indexes alone (F3).

use std::io;
use std::sync::Arc;

use crate::batch::BatchHeader;
use crate::error::{LogError, Result};
use crate::fs::{File, read_exact_at};
use crate::log::Log;
use crate::log::scan::{HeaderScan, Located, REPLAY_CHUNK};
use crate::log::segment::Segment;

/// Whole batches, still in their file.
#[derive(Debug)]
pub struct Slice {
    file: Option<Arc<dyn File>>,
    position: u64,
    /// Bytes to read.
    pub length: usize,
    /// Of the first batch; what was asked for when empty.
    pub base_offset: i64,
    /// One past the last offset; what was asked for when empty.
    pub next_offset: i64,
}

impl Slice {
    fn empty(offset: i64) -> Self {
        Self {
            file: None,
            position: 0,
            length: 0,
            base_offset: offset,
            next_offset: offset,
        }
    }

    /// Copies the batches into `buffer`, which must be `length` long.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn copy_to(&self, buffer: &mut [u8]) -> io::Result<()> {
        match &self.file {
            Some(file) => read_exact_at(&**file, buffer, self.position),
            None => Ok(()),
        }
    }
}

impl Log {
    /// Whole batches from the one that contains `offset`, none with a base offset at or above `upper_bound`, ending
    /// before `max_bytes` would be passed or at the end of a segment. With `at_least_one` the first comes whatever its
    /// size.
    ///
    /// # Errors
    /// `OutOfRange` unless log start <= offset <= log end; the disk's.
    pub fn read(
        &mut self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        at_least_one: bool,
    ) -> Result<Slice> {
        self.guarded(|log| {
            log.check_in_range(offset)?;
            let upper_bound = upper_bound.min(log.log_end_offset);
            let Some((segment, first)) = log.locate(offset)? else {
                return Ok(Slice::empty(offset));
            };
            if first.header.base_offset >= upper_bound {
                return Ok(Slice::empty(offset));
            }
            let (end, next_offset) = end_of_slice(segment, &first, max_bytes as u64, upper_bound)?;
            if end - first.position > max_bytes as u64 && !at_least_one {
                return Ok(Slice::empty(offset));
            }
            Ok(Slice {
                file: Some(Arc::clone(&segment.file)),
                position: first.position,
                length: (end - first.position) as usize,
                base_offset: first.header.base_offset,
                next_offset,
            })
        })
    }

    /// Headers from the batch that contains `from_offset`, at most `max_batches`; empty at the log end.
    ///
    /// # Errors
    /// `OutOfRange` above the log end; the disk's. Below the log start the walk begins at the oldest batch.
    pub fn headers(&mut self, from_offset: i64, max_batches: usize) -> Result<Vec<BatchHeader>> {
        self.guarded(|log| {
            let mut headers = Vec::new();
            let mut offset = from_offset.max(log.log_start_offset);
            log.check_in_range(offset)?;
            while let Some((segment, first)) = log.locate(offset)? {
                let mut scan =
                    HeaderScan::new(&*segment.file, first.position, segment.size, REPLAY_CHUNK);
                while let Some(located) = scan.next()? {
                    if headers.len() == max_batches {
                        return Ok(headers);
                    }
                    headers.push(located.header);
                    offset = located.header.next_offset();
                }
            }
            Ok(headers)
        })
    }

    /// The batch that contains `offset`, or the first after it, and its segment; `None` at the log end.
    pub(super) fn locate(&self, offset: i64) -> Result<Option<(&Segment, Located)>> {
        // A gap at the end of a segment leads on to the next one.
        for segment in self
            .segments
            .get(self.segment_index(offset)..)
            .unwrap_or_default()
        {
            if let Some(located) = segment.locate(offset)? {
                return Ok(Some((segment, located)));
            }
        }
        Ok(None)
    }

    fn check_in_range(&self, offset: i64) -> Result<()> {
        if (self.log_start_offset..=self.log_end_offset).contains(&offset) {
            return Ok(());
        }
        let (start, end) = (self.log_start_offset, self.log_end_offset);
        Err(LogError::OutOfRange(format!(
            "offset {offset} is outside of {start} to {end}"
        )))
    }
}

/// Where a slice that begins with `first` ends: (position, next offset).
fn end_of_slice(
    segment: &Segment,
    first: &Located,
    max_bytes: u64,
    upper_bound: i64,
) -> Result<(u64, i64)> {
    let cap = first.position.saturating_add(max_bytes);
    if upper_bound >= segment.next_offset && segment.size <= cap {
        return Ok((segment.size, segment.next_offset));
    }
    let by_size = segment.offset_index.boundary_before(cap)?;
    let by_offset = segment.offset_index.position_before(upper_bound)?;
    let from = u64::from(by_size.min(by_offset));
    let (mut end, mut next_offset) = (first.end(), first.header.next_offset());
    let mut scan = segment.scan_from(from.max(first.position));
    while let Some(located) = scan.next()? {
        if located.header.base_offset >= upper_bound || located.end() > cap {
            // The walk may have begun behind the first batch, right at the boundary looked for.
            if located.position > end {
                (end, next_offset) = (located.position, located.header.base_offset);
            }
            break;
        }
        (end, next_offset) = (located.end(), located.header.next_offset());
    }
    Ok((end, next_offset))
}
