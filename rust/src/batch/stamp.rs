//! What a leader writes into a batch before it appends it (L3).

use crate::batch::header::{HEADER_BYTES, LOG_APPEND_TIME};
use crate::batch::validate::crc_of_parts;
use crate::error::BatchError;

/// The header of `batch` with base offset and leader epoch set, both outside the CRC.
///
/// With `append_time` (ms) the batch is flagged `LogAppendTime`, its max timestamp set and its CRC rewritten; the records
/// and their deltas stay as sent, because readers take the max timestamp for each of them (L6).
///
/// # Errors
/// `Corrupt` when `batch` is shorter than a header.
pub fn stamped_header(
    batch: &[u8],
    base_offset: i64,
    leader_epoch: i32,
    append_time: Option<i64>,
) -> Result<[u8; HEADER_BYTES], BatchError> {
    let (header, records) = batch
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(|| BatchError::corrupt("the batch is cut short within its header"))?;
    let mut header = *header;
    header[0..8].copy_from_slice(&base_offset.to_be_bytes());
    header[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
    if let Some(timestamp) = append_time {
        let attributes = i16::from_be_bytes([header[21], header[22]]) | LOG_APPEND_TIME;
        header[21..23].copy_from_slice(&attributes.to_be_bytes());
        header[35..43].copy_from_slice(&timestamp.to_be_bytes());
        let crc = crc_of_parts(&header, records);
        header[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    Ok(header)
}
