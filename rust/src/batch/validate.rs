//! Whole-batch checks: framing and CRC-32C. What the fields *mean* is the caller's business.

use crate::batch::header::{BatchHeader, HEADER_BYTES};
use crate::error::BatchError;

/// Where the bytes covered by the CRC begin: at the attributes.
const CRC_FROM: usize = 21;

/// The headers of a buffer that holds whole batches and nothing else.
///
/// # Errors
/// As [`split_batches`]; `Corrupt` as well when `verify_crc` and a checksum does not hold.
pub fn inspect(data: &[u8], verify_crc: bool) -> Result<Vec<BatchHeader>, BatchError> {
    let mut headers = Vec::new();
    for item in split_batches(data) {
        let (header, batch) = item?;
        if verify_crc {
            check_crc(&header, batch)?;
        }
        headers.push(header);
    }
    Ok(headers)
}

/// The batches of a buffer, one after the other, each with its header; ends after the first error.
pub fn split_batches(
    data: &[u8],
) -> impl Iterator<Item = Result<(BatchHeader, &[u8]), BatchError>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let item = BatchHeader::parse(rest).and_then(|header| {
            let (batch, after) = rest
                .split_at_checked(header.size_bytes as usize)
                .ok_or_else(|| {
                    BatchError::corrupt("the batch is longer than the buffer it came in")
                })?;
            rest = after;
            Ok((header, batch))
        });
        if item.is_err() {
            rest = &[];
        }
        Some(item)
    })
}

/// Compares the checksum in the header with the one of the bytes.
///
/// # Errors
/// `Corrupt` when they differ.
pub fn check_crc(header: &BatchHeader, batch: &[u8]) -> Result<(), BatchError> {
    let computed = crc_of_batch(batch);
    if computed == header.crc {
        return Ok(());
    }
    let stored = header.crc;
    Err(BatchError::corrupt(format!(
        "the CRC-32C of the batch is {computed}, its header says {stored}"
    )))
}

/// The CRC-32C that the header of this whole batch should carry.
#[must_use]
pub fn crc_of_batch(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(CRC_FROM..).unwrap_or_default())
}

/// The same for a header and records that are not next to each other in memory.
pub(crate) fn crc_of_parts(header: &[u8; HEADER_BYTES], records: &[u8]) -> u32 {
    crc32c::crc32c_append(crc_of_batch(header), records)
}
