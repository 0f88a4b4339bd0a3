//! Looking up offsets by time (F5). The index and the headers lead to a batch; the batch is opened for the record.

use crate::batch::{BatchHeader, Records, unpack};
use crate::error::{BatchError, Result};
use crate::fs::read_exact_at;
use crate::log::Log;
use crate::log::scan::Located;
use crate::log::segment::Segment;

impl Log {
    /// (offset, timestamp) of the first record with a timestamp of `timestamp` or later, at or above the log start and
    /// below `upper_bound`.
    ///
    /// # Errors
    /// The disk's; `Batch` when the batch found cannot be opened.
    pub fn offset_for_timestamp(
        &mut self,
        timestamp: i64,
        upper_bound: i64,
    ) -> Result<Option<(i64, i64)>> {
        self.guarded(|log| {
            let wanted = log.log_start_offset..upper_bound;
            for segment in &log.segments {
                let is_newer = segment
                    .largest
                    .is_some_and(|(largest, _)| largest >= timestamp);
                if !is_newer || segment.next_offset <= wanted.start {
                    continue;
                }
                let from = segment
                    .time_index
                    .offset_before(timestamp)?
                    .unwrap_or(segment.base_offset);
                let from = segment
                    .offset_index
                    .position_before(from.max(wanted.start))?;
                let mut scan = segment.scan_from(u64::from(from));
                while let Some(located) = scan.find(|header| header.max_timestamp >= timestamp)? {
                    if located.header.base_offset >= wanted.end {
                        return Ok(None);
                    }
                    let records = timestamps_of(segment, &located)?.into_iter();
                    let mut wanted = records.filter(|(offset, _)| wanted.contains(offset));
                    if let Some(found) = wanted.find(|(_, time)| *time >= timestamp) {
                        return Ok(Some(found));
                    }
                }
            }
            Ok(None)
        })
    }

    /// (offset, timestamp) of the earliest record with the largest timestamp, at or above the log start and below
    /// `upper_bound`; `None` when no record there has one.
    ///
    /// # Errors
    /// The disk's; `Batch` when the batch found cannot be opened.
    pub fn max_timestamp_offset(&mut self, upper_bound: i64) -> Result<Option<(i64, i64)>> {
        self.guarded(|log| {
            let (start, end) = (log.log_start_offset, upper_bound.min(log.log_end_offset));
            let mut best: Option<(i64, i64)> = None;
            for segment in &log.segments {
                if segment.next_offset <= start || segment.base_offset >= end {
                    continue;
                }
                let is_whole = segment.base_offset >= start && segment.next_offset <= end;
                let candidate = if is_whole {
                    segment.largest
                } else {
                    largest_between(segment, start, end)?
                };
                if let Some((timestamp, offset)) = candidate
                    && best.is_none_or(|(largest, _)| timestamp > largest)
                {
                    best = Some((timestamp, offset));
                }
            }
            let Some((_, offset)) = best else {
                return Ok(None);
            };
            let Some((segment, located)) = log.locate(offset)? else {
                return Ok(None);
            };
            let mut found: Option<(i64, i64)> = None;
            for (offset, time) in timestamps_of(segment, &located)? {
                if (start..end).contains(&offset) && found.is_none_or(|(_, most)| time > most) {
                    found = Some((offset, time));
                }
            }
            Ok(found)
        })
    }
}

/// (timestamp, last offset) of the batch with the largest timestamp among those that end within the range. Readers'
/// bounds are batch boundaries; a log start that is none may hide that a batch's largest timestamp lies before it.
fn largest_between(segment: &Segment, start: i64, end: i64) -> Result<Option<(i64, i64)>> {
    let from = segment.offset_index.position_before(start)?;
    let mut scan = segment.scan_from(u64::from(from));
    let mut largest: Option<(i64, i64)> = None;
    while let Some(located) = scan.find(|header| header.last_offset() >= start)? {
        if located.header.last_offset() >= end {
            break;
        }
        let newest = located.header.newest_record_timestamp();
        if newest > largest.map_or(-1, |(timestamp, _)| timestamp) {
            largest = Some((newest, located.header.last_offset()));
        }
    }
    Ok(largest)
}

/// (offset, timestamp) of every record of a batch in a segment.
fn timestamps_of(segment: &Segment, located: &Located) -> Result<Vec<(i64, i64)>> {
    let mut batch = vec![0; located.header.size_bytes as usize];
    read_exact_at(&*segment.file, &mut batch, located.position)?;
    Ok(walk(located.header, &batch)?)
}

fn walk(header: BatchHeader, batch: &[u8]) -> Result<Vec<(i64, i64)>, BatchError> {
    let records = unpack(&header, batch)?;
    Records::new(header, &records)
        .map(|record| record.map(|record| (record.offset, record.timestamp)))
        .collect()
}
