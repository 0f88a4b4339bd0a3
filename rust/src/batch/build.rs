//! Building batches: coordinators' records, markers, and whatever a test needs.

use crate::batch::header::{CONTROL, HEADER_BYTES, LOG_APPEND_TIME, TRANSACTIONAL};
use crate::batch::validate::crc_of_batch;
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
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
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

/// One batch of these records, uncompressed, with offsets from the base offset upward.
///
/// # Errors
/// `Invalid` without records, or when the batch would pass the 2 GiB its length field can say.
pub fn build_batch(
    records: &[NewRecord<'_>],
    options: BatchOptions,
) -> Result<Vec<u8>, BatchError> {
    let Some(first) = records.first() else {
        return Err(BatchError::invalid("a batch needs at least one record"));
    };
    let mut batch = vec![0; HEADER_BYTES];
    for (index, record) in records.iter().enumerate() {
        put_record(
            &mut batch,
            record,
            record.timestamp.wrapping_sub(first.timestamp),
            index as i64,
        );
    }
    let max_timestamp = records
        .iter()
        .map(|record| record.timestamp)
        .max()
        .unwrap_or(first.timestamp);
    finish(
        batch,
        records.len(),
        first.timestamp,
        max_timestamp,
        options,
    )
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

fn finish(
    mut batch: Vec<u8>,
    record_count: usize,
    base_timestamp: i64,
    max_timestamp: i64,
    options: BatchOptions,
) -> Result<Vec<u8>, BatchError> {
    let too_large = || BatchError::invalid("the batch is larger than its length field can say");
    let count = i32::try_from(record_count).map_err(|_| too_large())?;
    let length = i32::try_from(batch.len() - 12).map_err(|_| too_large())?;
    let mut attributes = 0_i16;
    for (flag, bit) in [
        (options.transactional, TRANSACTIONAL),
        (options.control, CONTROL),
        (options.log_append_time, LOG_APPEND_TIME),
    ] {
        attributes |= if flag { bit } else { 0 };
    }
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend(options.base_offset.to_be_bytes());
    header.extend(length.to_be_bytes());
    header.extend(options.partition_leader_epoch.to_be_bytes());
    header.push(2);
    header.extend([0; 4]);
    header.extend(attributes.to_be_bytes());
    header.extend((count - 1).to_be_bytes());
    header.extend(base_timestamp.to_be_bytes());
    header.extend(max_timestamp.to_be_bytes());
    header.extend(options.producer_id.to_be_bytes());
    header.extend(options.producer_epoch.to_be_bytes());
    header.extend(options.base_sequence.to_be_bytes());
    header.extend(count.to_be_bytes());
    write_at(&mut batch, 0, &header);
    let crc = crc_of_batch(&batch);
    write_at(&mut batch, 17, &crc.to_be_bytes());
    Ok(batch)
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

fn write_at(batch: &mut [u8], position: usize, bytes: &[u8]) {
    if let Some(place) = batch.get_mut(position..position + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
