//! What a leader writes into a batch before it appends it (L3).

use crate::batch::header::{HEADER_BYTES, LOG_APPEND_TIME};
use crate::batch::validate::crc_of_parts;
use crate::error::BatchError;

/// Whose clock a batch goes by (L6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timestamps {
    /// The client's; the largest of its records.
    Create(i64),
    /// The broker's, at the append.
    Append(i64),
}

/// The header of `batch` with base offset and leader epoch set, both outside the CRC.
///
/// With `timestamps` (ms) the batch is flagged accordingly and its max timestamp set, and its CRC rewritten if that
/// changed anything; the records and their deltas stay as sent, because under `LogAppendTime` readers take the max
/// timestamp for each of them (L6).
///
/// # Errors
/// `Corrupt` when `batch` is shorter than a header.
pub fn stamped_header(
    batch: &[u8],
    base_offset: i64,
    leader_epoch: i32,
    timestamps: Option<Timestamps>,
) -> Result<[u8; HEADER_BYTES], BatchError> {
    let (header, records) = batch
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(|| BatchError::corrupt("the batch is cut short within its header"))?;
    let mut header = *header;
    header[0..8].copy_from_slice(&base_offset.to_be_bytes());
    header[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
    let as_sent = header;
    let attributes = i16::from_be_bytes([header[21], header[22]]);
    let (attributes, max_timestamp) = match timestamps {
        None => return Ok(header),
        Some(Timestamps::Create(time)) => (attributes & !LOG_APPEND_TIME, time),
        Some(Timestamps::Append(time)) => (attributes | LOG_APPEND_TIME, time),
    };
    header[21..23].copy_from_slice(&attributes.to_be_bytes());
    header[35..43].copy_from_slice(&max_timestamp.to_be_bytes());
    if header != as_sent {
        let crc = crc_of_parts(&header, records);
        header[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    Ok(header)
}
