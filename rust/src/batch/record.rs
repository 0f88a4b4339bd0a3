//! The records inside a batch, once its bytes are uncompressed.

use crate::batch::header::BatchHeader;
use crate::bytes::Cursor;
use crate::error::BatchError;

/// The name and the value of a record header; the value is null when `None`.
pub type Header<'a> = (&'a str, Option<&'a [u8]>);

/// One record. Borrows from the uncompressed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// As sent, relative to the batch's base offset.
    pub offset_delta: i32,
    /// Absolute.
    pub offset: i64,
    /// Milliseconds; the batch's max timestamp under `LogAppendTime` (L6).
    pub timestamp: i64,
    /// Null when `None`.
    pub key: Option<&'a [u8]>,
    /// Null (a tombstone) when `None`.
    pub value: Option<&'a [u8]>,
    /// Names and values, in order.
    pub headers: Vec<Header<'a>>,
}

/// Walks `record_count` records; an error ends the walk, and so do bytes left over.
#[derive(Debug)]
pub struct Records<'a> {
    header: BatchHeader,
    rest: Cursor<'a>,
    left: i32,
}

impl<'a> Records<'a> {
    /// `records` are the uncompressed bytes after the header.
    #[must_use]
    pub fn new(header: BatchHeader, records: &'a [u8]) -> Self {
        Self {
            header,
            rest: Cursor(records),
            left: header.record_count,
        }
    }

    fn read(&mut self) -> Option<Record<'a>> {
        let length = usize::try_from(self.rest.varint()?).ok()?;
        let mut body = Cursor(self.rest.take(length)?);
        body.i8()?;
        let timestamp_delta = body.varlong()?;
        let offset_delta = body.varint()?;
        let record = Record {
            offset_delta,
            offset: self
                .header
                .base_offset
                .checked_add(i64::from(offset_delta))?,
            timestamp: self.timestamp(timestamp_delta)?,
            key: body.nullable()?,
            value: body.nullable()?,
            headers: read_headers(&mut body)?,
        };
        body.0.is_empty().then_some(record)
    }

    fn timestamp(&self, delta: i64) -> Option<i64> {
        if self.header.is_log_append_time() {
            return Some(self.header.max_timestamp);
        }
        self.header.base_timestamp.checked_add(delta)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            let leftover = !std::mem::take(&mut self.rest.0).is_empty();
            return leftover.then(|| {
                Err(BatchError::invalid(
                    "bytes are left after the last record of the batch",
                ))
            });
        }
        self.left -= 1;
        let record = self.read();
        if record.is_none() {
            (self.left, self.rest) = (0, Cursor(&[]));
        }
        Some(record.ok_or_else(|| BatchError::invalid("a record of the batch is malformed")))
    }
}

fn read_headers<'a>(body: &mut Cursor<'a>) -> Option<Vec<Header<'a>>> {
    let count = usize::try_from(body.varint()?).ok()?;
    // A header takes two bytes at least, so a count past that is a lie and must not be allocated for.
    if count > body.0.len() / 2 {
        return None;
    }
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        let name = std::str::from_utf8(body.nullable()??).ok()?;
        headers.push((name, body.nullable()?));
    }
    Some(headers)
}

/// One record, parsed as far as a filter needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawRecord<'a> {
    /// All of it, its length included.
    pub bytes: &'a [u8],
    pub attributes: u8,
    pub timestamp_delta: i64,
    /// What follows the timestamp delta.
    pub after_timestamp: &'a [u8],
    pub offset_delta: i32,
    pub key: Option<&'a [u8]>,
    pub has_value: bool,
}

/// Walks `left` records; an error ends the walk.
#[derive(Debug)]
pub(crate) struct RawRecords<'a> {
    rest: Cursor<'a>,
    left: i32,
}

impl<'a> RawRecords<'a> {
    /// `records` are the uncompressed bytes after the header.
    pub fn new(count: i32, records: &'a [u8]) -> Self {
        Self {
            rest: Cursor(records),
            left: count,
        }
    }

    fn read(&mut self) -> Option<RawRecord<'a>> {
        let start = self.rest.0;
        let length = usize::try_from(self.rest.varint()?).ok()?;
        let mut body = Cursor(self.rest.take(length)?);
        let [attributes] = body.array()?;
        let timestamp_delta = body.varlong()?;
        let after_timestamp = body.0;
        Some(RawRecord {
            bytes: start.get(..start.len() - self.rest.0.len())?,
            attributes,
            timestamp_delta,
            after_timestamp,
            offset_delta: body.varint()?,
            key: body.nullable()?,
            has_value: body.nullable()?.is_some(),
        })
    }
}

impl<'a> Iterator for RawRecords<'a> {
    type Item = Result<RawRecord<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        let record = self.read();
        self.left = if record.is_some() { self.left - 1 } else { 0 };
        Some(record.ok_or_else(|| BatchError::invalid("a record of the batch is malformed")))
    }
}
