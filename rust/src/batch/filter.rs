//! Rewriting a batch: some of its records, or another compression (L3, L16).
//!
//! What is kept is copied byte for byte. A batch that loses records keeps its base and last offset, and with them the
//! sequences of its producer; only the count, the largest timestamp, the length and the checksum follow.

use std::borrow::Cow;

use crate::batch::build::assemble;
use crate::batch::compression::{Level, pack, pack_at, unpack};
use crate::batch::header::{BatchHeader, COMPRESSION_MASK, DELETE_HORIZON};
use crate::batch::record::{RawRecord, RawRecords};
use crate::bytes::put_varint;
use crate::error::BatchError;

/// Which records of a batch stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None of them.
    Nothing,
    /// Those that the caller's predicate names.
    Some,
    /// Every one.
    Everything,
}

/// What becomes of one batch.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Which records stay.
    pub keep: Keep,
    /// A batch that loses its last record stays, as a header.
    pub keep_empty: bool,
    /// Records without a value go, of those that the predicate would keep.
    pub drop_tombstones: bool,
    /// Stamped (ms) into a batch that keeps a record without value, or keeps everything.
    pub delete_horizon: Option<i64>,
}

/// What is left of `batch`; `None` when nothing is. `is_kept` is asked with key and offset of each record that has a key;
/// records without one are not kept by it.
///
/// # Errors
/// `Invalid` when a record does not parse, `Corrupt`, `TooLarge`, `UnsupportedCompression` as unpacking does.
pub fn retain<'a>(
    header: &BatchHeader,
    batch: &'a [u8],
    retention: Retention,
    is_kept: impl Fn(&[u8], i64) -> bool,
) -> Result<Option<Cow<'a, [u8]>>, BatchError> {
    let is_whole = retention.keep == Keep::Everything && retention.delete_horizon.is_none();
    if is_whole {
        return Ok(Some(Cow::Borrowed(batch)));
    }
    if retention.keep == Keep::Nothing || header.record_count == 0 {
        return empty_if(retention.keep_empty, header);
    }
    let unpacked = unpack(header, batch)?;
    let kept = decide(header, &unpacked, retention, is_kept)?;
    if kept.count == 0 {
        return empty_if(retention.keep_empty, header);
    }
    let is_stamped = kept.has_tombstone || retention.keep == Keep::Everything;
    let horizon = retention.delete_horizon.filter(|_| is_stamped);
    if horizon.is_none() && kept.count == header.record_count {
        return Ok(Some(Cow::Borrowed(batch)));
    }
    rebuild(header, &unpacked, &kept, horizon).map(|batch| Some(Cow::Owned(batch)))
}

/// The batch with its records packed otherwise.
///
/// # Errors
/// As unpacking; `UnsupportedCompression` above 4; `Invalid` past the 2 GiB a length field can say.
pub fn recompress(
    header: &BatchHeader,
    batch: &[u8],
    compression: u8,
    level: Level,
) -> Result<Vec<u8>, BatchError> {
    let body = pack_at(compression, &unpack(header, batch)?, level)?;
    let attributes = header.attributes & !COMPRESSION_MASK | i16::from(compression);
    assemble(
        BatchHeader {
            attributes,
            ..*header
        },
        &body,
    )
}

/// A batch without records: offsets, producer, sequence and flags are all it says.
fn empty_if<'a>(
    keep_empty: bool,
    header: &BatchHeader,
) -> Result<Option<Cow<'a, [u8]>>, BatchError> {
    if !keep_empty {
        return Ok(None);
    }
    let header = BatchHeader {
        attributes: header.attributes & !(COMPRESSION_MASK | DELETE_HORIZON),
        base_timestamp: -1,
        record_count: 0,
        ..*header
    };
    assemble(header, &[]).map(|batch| Some(Cow::Owned(batch)))
}

struct Kept {
    /// Of each record, in order.
    stays: Vec<bool>,
    count: i32,
    has_tombstone: bool,
    largest_timestamp: i64,
}

fn decide(
    header: &BatchHeader,
    unpacked: &[u8],
    retention: Retention,
    is_kept: impl Fn(&[u8], i64) -> bool,
) -> Result<Kept, BatchError> {
    let mut kept = Kept {
        stays: Vec::new(),
        count: 0,
        has_tombstone: false,
        largest_timestamp: -1,
    };
    for record in RawRecords::new(header.record_count, unpacked) {
        let record = record?;
        let stays = retention.keep == Keep::Everything
            || stays(header, &record, retention.drop_tombstones, &is_kept);
        kept.stays.push(stays);
        if stays {
            kept.count += 1;
            kept.has_tombstone |= !record.has_value;
            let timestamp = header.base_timestamp.wrapping_add(record.timestamp_delta);
            kept.largest_timestamp = kept.largest_timestamp.max(timestamp);
        }
    }
    Ok(kept)
}

fn stays(
    header: &BatchHeader,
    record: &RawRecord<'_>,
    drop_tombstones: bool,
    is_kept: impl Fn(&[u8], i64) -> bool,
) -> bool {
    let offset = header
        .base_offset
        .saturating_add(i64::from(record.offset_delta));
    let is_wanted = record.has_value || !drop_tombstones;
    is_wanted && record.key.is_some_and(|key| is_kept(key, offset))
}

fn rebuild(
    header: &BatchHeader,
    unpacked: &[u8],
    kept: &Kept,
    horizon: Option<i64>,
) -> Result<Vec<u8>, BatchError> {
    let mut body = Vec::new();
    let records = RawRecords::new(header.record_count, unpacked);
    for (record, _) in records.zip(&kept.stays).filter(|(_, stays)| **stays) {
        let record = record?;
        match horizon {
            None => body.extend_from_slice(record.bytes),
            Some(horizon) => {
                let timestamp = header.base_timestamp.wrapping_add(record.timestamp_delta);
                put_shifted(&mut body, &record, timestamp.wrapping_sub(horizon));
            }
        }
    }
    let body = pack(header.compression(), &body)?;
    let max_timestamp = if header.is_log_append_time() {
        header.max_timestamp
    } else {
        kept.largest_timestamp
    };
    let header = BatchHeader {
        attributes: header.attributes | horizon.map_or(0, |_| DELETE_HORIZON),
        base_timestamp: horizon.unwrap_or(header.base_timestamp),
        max_timestamp,
        record_count: kept.count,
        ..*header
    };
    assemble(header, &body)
}

/// The same record in a batch with another base timestamp.
fn put_shifted(out: &mut Vec<u8>, record: &RawRecord<'_>, timestamp_delta: i64) {
    let mut body = vec![record.attributes];
    put_varint(&mut body, timestamp_delta);
    body.extend_from_slice(record.after_timestamp);
    put_varint(out, body.len() as i64);
    out.extend(body);
}
