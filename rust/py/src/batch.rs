//! Record batches: headers, checks, building and reading.

use minikafka_log::batch as core;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::buffer::{BytesLike, DETACH_FROM_BYTES};
use crate::error::batch_error;

/// One record batch without its records (magic 2). Frozen; what can be derived is derived once, when it is made.
#[pyclass(frozen, get_all, eq, hash, module = "minikafka._core")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // Kafka's flags
pub struct BatchHeader {
    base_offset: i64,
    last_offset: i64,
    partition_leader_epoch: i32,
    size_bytes: u32,
    magic: i8,
    crc: u32,
    attributes: i16,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    last_sequence: i32,
    record_count: i32,
    is_transactional: bool,
    is_control: bool,
    is_log_append_time: bool,
    has_delete_horizon: bool,
    compression: u8,
    control_type: i16,
    coordinator_epoch: i32,
}

impl From<core::BatchHeader> for BatchHeader {
    fn from(header: core::BatchHeader) -> Self {
        Self {
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            partition_leader_epoch: header.partition_leader_epoch,
            size_bytes: header.size_bytes,
            magic: header.magic,
            crc: header.crc,
            attributes: header.attributes,
            last_offset_delta: header.last_offset_delta,
            base_timestamp: header.base_timestamp,
            max_timestamp: header.max_timestamp,
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            record_count: header.record_count,
            is_transactional: header.is_transactional(),
            is_control: header.is_control(),
            is_log_append_time: header.is_log_append_time(),
            has_delete_horizon: header.has_delete_horizon(),
            compression: header.compression(),
            control_type: header.marker.map_or(-1, |marker| marker.control_type),
            coordinator_epoch: header.marker.map_or(-1, |marker| marker.coordinator_epoch),
        }
    }
}

#[pymethods]
impl BatchHeader {
    #[new]
    #[pyo3(signature = (*, base_offset=0, record_count=1, last_offset_delta=None, partition_leader_epoch=-1,
        size_bytes=61, magic=2, crc=0, attributes=0, base_timestamp=0, max_timestamp=None, producer_id=-1,
        producer_epoch=-1, base_sequence=-1, transactional=false, control=false, control_type=-1,
        coordinator_epoch=-1))]
    #[allow(clippy::too_many_arguments)] // one keyword per field
    fn new(
        base_offset: i64,
        record_count: i32,
        last_offset_delta: Option<i32>,
        partition_leader_epoch: i32,
        size_bytes: u32,
        magic: i8,
        crc: u32,
        attributes: i16,
        base_timestamp: i64,
        max_timestamp: Option<i64>,
        producer_id: i64,
        producer_epoch: i16,
        base_sequence: i32,
        transactional: bool,
        control: bool,
        control_type: i16,
        coordinator_epoch: i32,
    ) -> Self {
        let marker = core::Marker {
            control_type,
            coordinator_epoch,
        };
        Self::from(core::BatchHeader {
            base_offset,
            size_bytes,
            partition_leader_epoch,
            magic,
            crc,
            attributes: core::with_flags(attributes, transactional, control),
            last_offset_delta: last_offset_delta.unwrap_or(record_count.saturating_sub(1).max(0)),
            base_timestamp,
            max_timestamp: max_timestamp.unwrap_or(base_timestamp),
            producer_id,
            producer_epoch,
            base_sequence,
            record_count,
            marker: control.then_some(marker),
        })
    }

    fn __repr__(&self) -> String {
        format!(
            "BatchHeader(base_offset={}, last_offset={}, partition_leader_epoch={}, size_bytes={}, attributes={}, \
             producer_id={}, producer_epoch={}, base_sequence={}, record_count={})",
            self.base_offset,
            self.last_offset,
            self.partition_leader_epoch,
            self.size_bytes,
            self.attributes,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self.record_count,
        )
    }
}

/// One record, read back.
#[pyclass(frozen, get_all, module = "minikafka._core")]
pub struct Record {
    offset: i64,
    timestamp: i64,
    key: Option<Py<PyBytes>>,
    value: Option<Py<PyBytes>>,
    headers: Py<PyTuple>,
}

#[pyfunction]
#[pyo3(signature = (data, initial=0))]
#[allow(clippy::needless_pass_by_value)]
fn crc32c(data: BytesLike<'_>, initial: u32) -> u32 {
    core::crc32c(initial, data.as_slice())
}

#[pyfunction]
#[pyo3(signature = (data, *, verify_crc=true))]
#[allow(clippy::needless_pass_by_value)]
fn inspect_batches(
    py: Python<'_>,
    data: BytesLike<'_>,
    verify_crc: bool,
) -> PyResult<Vec<BatchHeader>> {
    let headers =
        core::inspect(data.as_slice(), verify_crc).map_err(|error| batch_error(py, &error))?;
    Ok(headers.into_iter().map(BatchHeader::from).collect())
}

type HeaderArgument<'py> = (String, Option<BytesLike<'py>>);
type RecordArgument<'py> = (
    i64,
    Option<BytesLike<'py>>,
    Option<BytesLike<'py>>,
    Vec<HeaderArgument<'py>>,
);

#[pyfunction]
#[pyo3(signature = (records, *, base_offset=0, partition_leader_epoch=-1, producer_id=-1, producer_epoch=-1,
    base_sequence=-1, transactional=false, control=false, log_append_time=false, compression=0))]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
fn build_batch<'py>(
    py: Python<'py>,
    records: Vec<RecordArgument<'py>>,
    base_offset: i64,
    partition_leader_epoch: i32,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    transactional: bool,
    control: bool,
    log_append_time: bool,
    compression: u8,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = core::BatchOptions {
        base_offset,
        partition_leader_epoch,
        producer_id,
        producer_epoch,
        base_sequence,
        transactional,
        control,
        log_append_time,
        compression,
    };
    let headers: Vec<Vec<core::Header<'_>>> = records
        .iter()
        .map(|(_, _, _, headers)| {
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), bytes_of(value.as_ref())))
                .collect()
        })
        .collect();
    let records: Vec<core::NewRecord<'_>> = records
        .iter()
        .zip(&headers)
        .map(|((timestamp, key, value, _), headers)| core::NewRecord {
            timestamp: *timestamp,
            key: bytes_of(key.as_ref()),
            value: bytes_of(value.as_ref()),
            headers,
        })
        .collect();
    let batch = core::build_batch(&records, options).map_err(|error| batch_error(py, &error))?;
    Ok(PyBytes::new(py, &batch))
}

fn bytes_of<'a>(argument: Option<&'a BytesLike<'_>>) -> Option<&'a [u8]> {
    argument.map(BytesLike::as_slice)
}

#[pyfunction]
#[pyo3(signature = (*, producer_id, producer_epoch, commit, coordinator_epoch, timestamp))]
fn build_end_transaction_marker(
    py: Python<'_>,
    producer_id: i64,
    producer_epoch: i16,
    commit: bool,
    coordinator_epoch: i32,
    timestamp: i64,
) -> PyResult<Bound<'_, PyBytes>> {
    let batch = core::build_end_transaction_marker(
        commit,
        coordinator_epoch,
        timestamp,
        producer_id,
        producer_epoch,
    )
    .map_err(|error| batch_error(py, &error))?;
    Ok(PyBytes::new(py, &batch))
}

#[pyfunction]
#[allow(clippy::needless_pass_by_value)]
fn read_records(py: Python<'_>, data: BytesLike<'_>) -> PyResult<Vec<Record>> {
    let mut records = Vec::new();
    let mut read = || {
        for item in core::split_batches(data.as_slice()) {
            let (header, batch) = item?;
            let bytes = core::unpack(&header, batch)?;
            for record in core::Records::new(header, &bytes) {
                records.push(to_python(py, &record?));
            }
        }
        Ok(())
    };
    read().map_err(|error| batch_error(py, &error))?;
    records.into_iter().collect()
}

fn to_python(py: Python<'_>, record: &core::Record<'_>) -> PyResult<Record> {
    let bytes = |bytes: Option<&[u8]>| bytes.map(|bytes| PyBytes::new(py, bytes).unbind());
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| (*name, bytes(*value)));
    Ok(Record {
        offset: record.offset,
        timestamp: record.timestamp,
        key: bytes(record.key),
        value: bytes(record.value),
        headers: PyTuple::new(py, headers.collect::<Vec<_>>())?.unbind(),
    })
}

/// Why one record of a batch is refused.
#[pyclass(frozen, get_all, module = "minikafka._core")]
pub struct RecordError {
    batch_index: i32,
    kind: &'static str,
    message: String,
}

impl From<core::RecordError> for RecordError {
    fn from(error: core::RecordError) -> Self {
        let (kind, message) = match error.fault {
            core::RecordFault::MissingKey => (
                "key",
                "a compacted topic takes no record without a key".to_owned(),
            ),
            core::RecordFault::OffsetDelta(delta) => (
                "invalid",
                format!("its offset delta is {delta}, not its place in the batch"),
            ),
            core::RecordFault::Timestamp(timestamp) => (
                "timestamp",
                format!("its timestamp {timestamp} is out of the range the topic allows"),
            ),
        };
        Self {
            batch_index: error.batch_index,
            kind,
            message,
        }
    }
}

#[pyfunction]
#[pyo3(signature = (batch, *, require_keys, min_timestamp, max_timestamp))]
#[allow(clippy::needless_pass_by_value)]
fn validate_records(
    py: Python<'_>,
    batch: BytesLike<'_>,
    require_keys: bool,
    min_timestamp: Option<i64>,
    max_timestamp: Option<i64>,
) -> PyResult<(Vec<RecordError>, i64)> {
    let rules = core::RecordRules {
        require_keys,
        min_timestamp,
        max_timestamp,
    };
    let bytes = batch.as_slice();
    let header = core::BatchHeader::parse(bytes).map_err(|error| batch_error(py, &error))?;
    let check = || core::check_records(&header, bytes, rules);
    // A small uncompressed batch is looked through faster than the GIL changes hands.
    let is_quick = bytes.len() < DETACH_FROM_BYTES && header.compression() == 0;
    let checked = if is_quick { check() } else { py.detach(check) };
    let checked = checked.map_err(|error| batch_error(py, &error))?;
    let errors = checked.errors.into_iter().map(RecordError::from).collect();
    Ok((errors, checked.largest_timestamp))
}

#[pyfunction]
#[pyo3(signature = (batch, *, compression, level=None))]
#[allow(clippy::needless_pass_by_value)]
fn recompress_batch<'py>(
    py: Python<'py>,
    batch: BytesLike<'py>,
    compression: u8,
    level: Option<i32>,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = batch.as_slice();
    let header = core::BatchHeader::parse(bytes).map_err(|error| batch_error(py, &error))?;
    let packed = py
        .detach(|| core::recompress(&header, bytes, compression, level))
        .map_err(|error| batch_error(py, &error))?;
    Ok(PyBytes::new(py, &packed))
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BatchHeader>()?;
    module.add_class::<Record>()?;
    module.add_class::<RecordError>()?;
    module.add_function(wrap_pyfunction!(crc32c, module)?)?;
    module.add_function(wrap_pyfunction!(inspect_batches, module)?)?;
    module.add_function(wrap_pyfunction!(build_batch, module)?)?;
    module.add_function(wrap_pyfunction!(build_end_transaction_marker, module)?)?;
    module.add_function(wrap_pyfunction!(read_records, module)?)?;
    module.add_function(wrap_pyfunction!(recompress_batch, module)?)?;
    module.add_function(wrap_pyfunction!(validate_records, module)?)
}
