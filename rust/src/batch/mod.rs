//! Record batches of magic 2: reading, checking, stamping and building them.

mod build;
mod check;
mod compression;
mod filter;
mod header;
mod record;
mod stamp;
mod validate;

pub use build::{BatchOptions, NewRecord, build_batch, build_end_transaction_marker};
pub use check::{Checked, RecordError, RecordFault, RecordRules, check_records};
pub use compression::{Level, MOST_UNCOMPRESSED_BYTES, unpack};
pub use filter::{Keep, Retention, recompress, retain};
pub use header::{BatchHeader, HEADER_BYTES, LENGTH_PREFIX_BYTES, Marker, with_flags};
pub(crate) use record::RawRecords;
pub use record::{Header, Record, Records};
pub use stamp::{Timestamps, stamped_header};
pub use validate::{check_crc, crc_of_batch, inspect, split_batches};

/// CRC-32C (Castagnoli) of `data`, continuing from `initial`.
#[must_use]
pub fn crc32c(initial: u32, data: &[u8]) -> u32 {
    crc32c::crc32c_append(initial, data)
}
