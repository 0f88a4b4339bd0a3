//! Building batches: coordinators' records, markers, and whatever a test needs.

use crate::batch::compression::pack;
use crate::batch::header::{BatchHeader, HEADER_BYTES, LOG_APPEND_TIME, with_flags};
use crate::batch::record::Header;
use crate::batch::validate::crc_of_parts;
use crate::bytes::put_varint;
use crate::error::BatchError;

/// One record to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// Milliseconds.
    pub timestamp: i64,
    /// Null when `None`.
    pub key: Option<&'a [u8]>,
    /// Null (a tombstone) when `None`.
    pub value: Option<&'a [u8]>,
    /// Names and values, in order; names may repeat.
    pub headers: &'a [Header<'a>],
}

/// The header fields of a batch to be built.
#[derive(Debug, Clone, Copy)]
pub struct BatchOptions {
    /// Offset of the first record.
    pub base_offset: i64,
    /// -1 until a leader stamps it.
    pub partition_leader_epoch: i32,
    /// -1 without idempotence.
    pub producer_id: i64,
    /// -1 without idempotence.
    pub producer_epoch: i16,
    /// -1 without idempotence.
    pub base_sequence: i32,
    /// Part of a transaction.
    pub transactional: bool,
    /// A marker.
    pub control: bool,
    /// The timestamp type bit.
    pub log_append_time: bool,
    /// 0 none; others are written compressed.
    pub compression: u8,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            base_offset: 0,
            partition_leader_epoch: -1,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            transactional: false,
            control: false,
            log_append_time: false,
            compression: 0,
        }
    }
}

/// One batch of these records, with offsets from the base offset upward.
///
/// # Errors
/// `Invalid` without records, or when the batch would pass the 2 GiB its length field can say;
/// `UnsupportedCompression` above 4.
pub fn build_batch(
    records: &[NewRecord<'_>],
    options: BatchOptions,
) -> Result<Vec<u8>, BatchError> {
    let Some(first) = records.first() else {
        return Err(BatchError::invalid("a batch needs at least one record"));
    };
    let mut body = Vec::new();
    let mut max_timestamp = first.timestamp;
    for (index, record) in records.iter().enumerate() {
        let timestamp_delta = record.timestamp.wrapping_sub(first.timestamp);
        put_record(&mut body, record, timestamp_delta, index as i64);
        max_timestamp = max_timestamp.max(record.timestamp);
    }
    let body = pack(options.compression, &body)?;
    let header = BatchHeader {
        base_offset: options.base_offset,
        size_bytes: 0,
        partition_leader_epoch: options.partition_leader_epoch,
        magic: 2,
        crc: 0,
        attributes: attributes(options),
        last_offset_delta: i32::try_from(records.len() - 1).map_err(|_| too_large())?,
        base_timestamp: first.timestamp,
        max_timestamp,
        producer_id: options.producer_id,
        producer_epoch: options.producer_epoch,
        base_sequence: options.base_sequence,
        record_count: i32::try_from(records.len()).map_err(|_| too_large())?,
        marker: None,
    };
    assemble(header, &body)
}

/// The batch of this header and these packed records, with its length and checksum.
pub(crate) fn assemble(header: BatchHeader, body: &[u8]) -> Result<Vec<u8>, BatchError> {
    let size = i32::try_from(body.len() + HEADER_BYTES).map_err(|_| too_large())?;
    let sized = BatchHeader {
        size_bytes: size as u32,
        ..header
    };
    let crc = crc_of_parts(&sized.to_bytes(), body);
    let mut batch = BatchHeader { crc, ..sized }.to_bytes().to_vec();
    batch.extend_from_slice(body);
    Ok(batch)
}

fn too_large() -> BatchError {
    BatchError::invalid("the batch is larger than its length field can say")
}

/// The control batch that ends a transaction on one partition (T8): version 0 key and value, base sequence -1.
///
/// # Errors
/// None that these arguments can cause; the signature is that of [`build_batch`].
pub fn build_end_transaction_marker(
    commit: bool,
    coordinator_epoch: i32,
    timestamp: i64,
    producer_id: i64,
    producer_epoch: i16,
) -> Result<Vec<u8>, BatchError> {
    let key = [0, 0, 0, u8::from(commit)];
    let mut value = vec![0, 0];
    value.extend(coordinator_epoch.to_be_bytes());
    let record = NewRecord {
        timestamp,
        key: Some(&key),
        value: Some(&value),
        headers: &[],
    };
    let options = BatchOptions {
        producer_id,
        producer_epoch,
        transactional: true,
        control: true,
        ..BatchOptions::default()
    };
    build_batch(&[record], options)
}

fn attributes(options: BatchOptions) -> i16 {
    let flags = with_flags(
        i16::from(options.compression),
        options.transactional,
        options.control,
    );
    flags
        | if options.log_append_time {
            LOG_APPEND_TIME
        } else {
            0
        }
}

fn put_record(out: &mut Vec<u8>, record: &NewRecord<'_>, timestamp_delta: i64, offset_delta: i64) {
    let mut body = vec![0_u8]; // record attributes, unused by Kafka
    put_varint(&mut body, timestamp_delta);
    put_varint(&mut body, offset_delta);
    put_nullable(&mut body, record.key);
    put_nullable(&mut body, record.value);
    put_varint(&mut body, record.headers.len() as i64);
    for (name, value) in record.headers {
        put_nullable(&mut body, Some(name.as_bytes()));
        put_nullable(&mut body, *value);
    }
    put_varint(out, body.len() as i64);
    out.extend(body);
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, bytes.len() as i64);
            out.extend(bytes);
        }
    }
}
