//! Looking at every record of a batch before a leader appends it (L4 to L7).
//!
//! A compressed batch is opened for this, once, as a stream: no record is kept, so memory stays the same whatever the
//! records unpack to.

use std::io::{self, BufRead, BufReader, ErrorKind};

use crate::batch::compression::{MOST_UNCOMPRESSED_BYTES, damaged, open, too_large};
use crate::batch::header::{BatchHeader, HEADER_BYTES};
use crate::error::BatchError;

/// What the records of a batch must satisfy. Bounds are inclusive, in ms; a timestamp of -1 always passes.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordRules {
    /// Compacted topics refuse null keys (L5).
    pub require_keys: bool,
    /// Oldest timestamp allowed (L6).
    pub min_timestamp: Option<i64>,
    /// Newest timestamp allowed (L6).
    pub max_timestamp: Option<i64>,
}

/// What is wrong with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFault {
    /// A null key where keys are required.
    MissingKey,
    /// The offset delta is not the record's index.
    OffsetDelta(i32),
    /// Outside of the bounds.
    Timestamp(i64),
}

/// One refused record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordError {
    /// Position in the batch, from 0.
    pub batch_index: i32,
    /// Why.
    pub fault: RecordFault,
}

/// What looking at every record brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What is wrong with them; empty when nothing is.
    pub errors: Vec<RecordError>,
    /// The largest timestamp of them, -1 when none has one.
    pub largest_timestamp: i64,
}

/// Looks at every record of one whole batch.
///
/// # Errors
/// `Invalid` when a record does not parse or there are not `record_count` of them, `Corrupt` when the compressed stream
/// is damaged, `TooLarge`, `UnsupportedCompression`.
pub fn check_records(
    header: &BatchHeader,
    batch: &[u8],
    rules: RecordRules,
) -> Result<Checked, BatchError> {
    if header.compression() == 0 {
        // The records lie there to be looked at, without a copy.
        return check_stream(header, batch.get(HEADER_BYTES..).unwrap_or_default(), rules);
    }
    check_stream(header, BufReader::new(open(header, batch)?), rules)
}

fn check_stream(
    header: &BatchHeader,
    stream: impl BufRead,
    rules: RecordRules,
) -> Result<Checked, BatchError> {
    let mut walk = Walk {
        stream,
        consumed: 0,
    };
    let mut checked = Checked {
        errors: Vec::new(),
        largest_timestamp: -1,
    };
    for batch_index in 0..header.record_count {
        let glimpse = walk.record();
        if walk.consumed > MOST_UNCOMPRESSED_BYTES {
            return Err(too_large());
        }
        let glimpse = glimpse.map_err(|error| bad_record(batch_index, &error))?;
        let timestamp = timestamp_of(&glimpse, header);
        checked.largest_timestamp = checked.largest_timestamp.max(timestamp);
        if let Some(fault) = fault_of(&glimpse, timestamp, batch_index, rules) {
            checked.errors.push(RecordError { batch_index, fault });
        }
    }
    match walk.stream.fill_buf() {
        Ok([]) => Ok(checked),
        Ok(_) => Err(BatchError::invalid(
            "the batch holds more records than its header says",
        )),
        Err(error) => Err(damaged(&error)),
    }
}

/// As a reader would take it (L6).
fn timestamp_of(glimpse: &Glimpse, header: &BatchHeader) -> i64 {
    if header.is_log_append_time() {
        header.max_timestamp
    } else {
        header.base_timestamp.wrapping_add(glimpse.timestamp_delta)
    }
}

fn fault_of(
    glimpse: &Glimpse,
    timestamp: i64,
    batch_index: i32,
    rules: RecordRules,
) -> Option<RecordFault> {
    if rules.require_keys && !glimpse.has_key {
        return Some(RecordFault::MissingKey);
    }
    if glimpse.offset_delta != batch_index {
        return Some(RecordFault::OffsetDelta(glimpse.offset_delta));
    }
    let is_early = rules.min_timestamp.is_some_and(|least| timestamp < least);
    let is_late = rules.max_timestamp.is_some_and(|most| timestamp > most);
    (timestamp != -1 && (is_early || is_late)).then_some(RecordFault::Timestamp(timestamp))
}

fn bad_record(batch_index: i32, error: &io::Error) -> BatchError {
    match error.kind() {
        ErrorKind::InvalidInput => {
            BatchError::invalid(format!("record {batch_index} of the batch is malformed"))
        }
        ErrorKind::UnexpectedEof => BatchError::invalid(format!(
            "the batch ends within record {batch_index}, its header says there are more"
        )),
        _ => damaged(error),
    }
}

/// What the rules look at; everything else of a record is skipped.
struct Glimpse {
    timestamp_delta: i64,
    offset_delta: i32,
    has_key: bool,
}

struct Walk<R> {
    stream: R,
    consumed: u64,
}

impl<R: BufRead> Walk<R> {
    fn record(&mut self) -> io::Result<Glimpse> {
        let length = self.length()?.ok_or_else(malformed)?;
        let end = self.consumed + length;
        self.skip(1)?; // attributes, unused
        let timestamp_delta = self.varlong()?;
        let offset_delta = self.varint()?;
        let has_key = self.skip_nullable()?;
        self.skip_nullable()?;
        for _ in 0..self.length()?.ok_or_else(malformed)? {
            let has_name = self.skip_nullable()?;
            self.skip_nullable()?;
            if !has_name || self.consumed > end {
                return Err(malformed());
            }
        }
        if self.consumed != end {
            return Err(malformed());
        }
        Ok(Glimpse {
            timestamp_delta,
            offset_delta,
            has_key,
        })
    }

    /// True unless null.
    fn skip_nullable(&mut self) -> io::Result<bool> {
        let length = self.length()?;
        self.skip(length.unwrap_or(0))?;
        Ok(length.is_some())
    }

    /// `None` for -1, an error below that.
    fn length(&mut self) -> io::Result<Option<u64>> {
        match self.varint()? {
            -1 => Ok(None),
            length => u64::try_from(length).map(Some).map_err(|_| malformed()),
        }
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let end = self.consumed + count;
        while self.consumed < end {
            let there = self.stream.fill_buf()?.len();
            if there == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let step = usize::try_from(end - self.consumed).map_or(there, |left| left.min(there));
            self.stream.consume(step);
            self.consumed += step as u64;
        }
        Ok(())
    }

    fn varint(&mut self) -> io::Result<i32> {
        i32::try_from(self.varlong()?).map_err(|_| malformed())
    }

    fn varlong(&mut self) -> io::Result<i64> {
        let mut raw = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            raw |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(((raw >> 1) as i64) ^ -((raw & 1) as i64));
            }
        }
        Err(malformed())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let next = self.stream.fill_buf()?.first().copied();
        let byte = next.ok_or(ErrorKind::UnexpectedEof)?;
        self.stream.consume(1);
        self.consumed += 1;
        Ok(byte)
    }
}

/// Well packed, but no record.
fn malformed() -> io::Error {
    ErrorKind::InvalidInput.into()
}
