//! One replica's log. The lock is never waited for while the GIL is let go inside it: an operation either runs detached
//! from end to end, lock included, or attached from end to end.

use std::sync::{Arc, Mutex, MutexGuard};

use minikafka_log::batch::Timestamps;
use minikafka_log::error::Result as LogResult;
use minikafka_log::flush;
use minikafka_log::fs::FileSystem;
use minikafka_log::log as core;
use minikafka_log::log::{Checkpoint, LogConfig, SharedLog};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::BatchHeader;
use crate::buffer::{BytesLike, DETACH_FROM_BYTES};
use crate::cleaning::Cleaning;
use crate::error::{io_error, log_error};
use crate::fs::Disk;

/// `minikafka.log.port.LogConfig`, by its attributes.
#[derive(FromPyObject)]
pub struct ConfigArgument {
    segment_bytes: u64,
    segment_ms: i64,
    segment_jitter_ms: i64,
    index_interval_bytes: u64,
    segment_index_bytes: u64,
}

impl From<ConfigArgument> for LogConfig {
    fn from(config: ConfigArgument) -> Self {
        Self {
            segment_bytes: config.segment_bytes,
            segment_ms: config.segment_ms,
            segment_jitter_ms: config.segment_jitter_ms,
            index_interval_bytes: config.index_interval_bytes,
            segment_index_bytes: config.segment_index_bytes,
        }
    }
}

/// Whole batches and the offsets they span.
#[pyclass(frozen, get_all, module = "minikafka._core")]
pub struct LogSlice {
    data: Py<PyBytes>,
    base_offset: i64,
    next_offset: i64,
}

/// One segment, as retention looks at it.
#[pyclass(frozen, get_all, module = "minikafka._core")]
pub struct SegmentInfo {
    base_offset: i64,
    next_offset: i64,
    size_bytes: u64,
    largest_timestamp: i64,
    first_timestamp: i64,
}

/// One replica's log on disk; `minikafka.log.port.Log` documents every member.
#[pyclass(frozen, module = "minikafka._core")]
pub struct Log {
    pub shared: SharedLog,
}

impl Log {
    /// Opens the log; recovery runs detached.
    pub fn open_on(
        py: Python<'_>,
        fs: Arc<dyn FileSystem>,
        directory: &str,
        config: LogConfig,
        checkpoint: Checkpoint,
    ) -> PyResult<Self> {
        let log = py
            .detach(|| core::open(fs, directory, config, checkpoint))
            .map_err(|error| log_error(py, error))?;
        Ok(Self {
            shared: Arc::new(Mutex::new(log)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, core::Log> {
        flush::lock(&self.shared)
    }

    /// Runs an operation detached when it may take long.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        may_take_long: bool,
        operation: impl FnOnce(&mut core::Log) -> LogResult<T> + Send,
    ) -> PyResult<T> {
        let result = if may_take_long {
            py.detach(|| operation(&mut self.lock()))
        } else {
            operation(&mut self.lock())
        };
        result.map_err(|error| log_error(py, error))
    }
}

#[pymethods]
#[allow(clippy::needless_pass_by_value)]
impl Log {
    #[staticmethod]
    #[pyo3(signature = (disk, directory, *, config, recovery_point, log_start_offset, clean))]
    fn open(
        py: Python<'_>,
        disk: &Disk,
        directory: &str,
        config: ConfigArgument,
        recovery_point: i64,
        log_start_offset: i64,
        clean: bool,
    ) -> PyResult<Self> {
        disk.open_log(
            py,
            directory,
            config,
            recovery_point,
            log_start_offset,
            clean,
        )
    }

    #[getter]
    fn directory(&self) -> String {
        self.lock().directory().to_owned()
    }

    #[getter]
    fn log_start_offset(&self) -> i64 {
        self.lock().log_start_offset()
    }

    #[getter]
    fn log_end_offset(&self) -> i64 {
        self.lock().log_end_offset()
    }

    #[getter]
    fn recovery_point(&self) -> i64 {
        self.lock().recovery_point()
    }

    #[getter]
    fn size_bytes(&self) -> u64 {
        self.lock().size_bytes()
    }

    #[getter]
    fn active_segment_base_offset(&self) -> i64 {
        self.lock().active_segment_base_offset()
    }

    #[getter]
    fn segment_count(&self) -> usize {
        self.lock().segment_count()
    }

    #[getter]
    fn failed(&self) -> bool {
        self.lock().failure().is_some()
    }

    #[pyo3(signature = (batch, *, leader_epoch, max_timestamp=None, create_time=None))]
    fn append_as_leader(
        &self,
        py: Python<'_>,
        batch: BytesLike<'_>,
        leader_epoch: i32,
        max_timestamp: Option<i64>,
        create_time: Option<i64>,
    ) -> PyResult<BatchHeader> {
        let created = create_time.map(Timestamps::Create);
        let timestamps = max_timestamp.map(Timestamps::Append).or(created);
        let bytes = batch.as_slice();
        self.run(py, bytes.len() >= DETACH_FROM_BYTES, |log| {
            log.append_as_leader(bytes, leader_epoch, timestamps)
                .map(BatchHeader::from)
        })
    }

    fn append_as_follower(
        &self,
        py: Python<'_>,
        batches: BytesLike<'_>,
    ) -> PyResult<Vec<BatchHeader>> {
        let bytes = batches.as_slice();
        let headers = self.run(py, bytes.len() >= DETACH_FROM_BYTES, |log| {
            log.append_as_follower(bytes)
        })?;
        Ok(headers.into_iter().map(BatchHeader::from).collect())
    }

    #[pyo3(signature = (*, size_bytes, max_timestamp, last_offset))]
    fn should_roll(&self, size_bytes: u64, max_timestamp: i64, last_offset: i64) -> bool {
        self.lock()
            .should_roll(size_bytes, max_timestamp, last_offset)
    }

    fn roll(&self, py: Python<'_>) -> PyResult<i64> {
        self.run(py, false, core::Log::roll)
    }

    #[pyo3(signature = (offset, *, max_bytes, upper_bound, at_least_one_batch))]
    fn read(
        &self,
        py: Python<'_>,
        offset: i64,
        max_bytes: i64,
        upper_bound: i64,
        at_least_one_batch: bool,
    ) -> PyResult<LogSlice> {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(0);
        let slice = self.run(py, false, |log| {
            log.read(offset, max_bytes, upper_bound, at_least_one_batch)
        })?;
        let data = PyBytes::new_with(py, slice.length, |buffer| {
            if buffer.len() < DETACH_FROM_BYTES {
                return slice.copy_to(buffer).map_err(io_error);
            }
            py.detach(|| slice.copy_to(buffer)).map_err(io_error)
        })?;
        Ok(LogSlice {
            data: data.unbind(),
            base_offset: slice.base_offset,
            next_offset: slice.next_offset,
        })
    }

    #[pyo3(signature = (from_offset, *, max_batches))]
    fn headers(
        &self,
        py: Python<'_>,
        from_offset: i64,
        max_batches: usize,
    ) -> PyResult<Vec<BatchHeader>> {
        let headers = self.run(py, true, |log| log.headers(from_offset, max_batches))?;
        Ok(headers.into_iter().map(BatchHeader::from).collect())
    }

    fn truncate_to(&self, py: Python<'_>, offset: i64) -> PyResult<()> {
        self.run(py, true, |log| log.truncate_to(offset))
    }

    fn truncate_fully_and_start_at(&self, py: Python<'_>, offset: i64) -> PyResult<()> {
        self.run(py, true, |log| log.truncate_fully_and_start_at(offset))
    }

    fn advance_log_start_offset(&self, py: Python<'_>, offset: i64) -> PyResult<()> {
        self.run(py, false, |log| log.advance_log_start_offset(offset))
    }

    fn delete_segments_before(&self, py: Python<'_>, offset: i64) -> PyResult<usize> {
        self.run(py, true, |log| log.delete_segments_before(offset))
    }

    #[pyo3(signature = (up_to, *, buffer_bytes))]
    fn begin_cleaning(&self, py: Python<'_>, up_to: i64, buffer_bytes: u64) -> PyResult<Cleaning> {
        self.run(py, false, |log| log.begin_cleaning(up_to, buffer_bytes))
            .map(|cleaning| Cleaning::new(cleaning, Arc::clone(&self.shared)))
    }

    fn segments(&self) -> Vec<SegmentInfo> {
        let to_python = |info: core::SegmentInfo| SegmentInfo {
            base_offset: info.base_offset,
            next_offset: info.next_offset,
            size_bytes: info.size_bytes,
            largest_timestamp: info.largest_timestamp,
            first_timestamp: info.first_timestamp,
        };
        self.lock().segments().into_iter().map(to_python).collect()
    }

    fn reconfigure(&self, config: ConfigArgument) {
        self.lock().reconfigure(config.into());
    }

    #[pyo3(signature = (timestamp, *, upper_bound))]
    fn offset_for_timestamp(
        &self,
        py: Python<'_>,
        timestamp: i64,
        upper_bound: i64,
    ) -> PyResult<Option<(i64, i64)>> {
        self.run(py, true, |log| {
            log.offset_for_timestamp(timestamp, upper_bound)
        })
    }

    #[pyo3(signature = (*, upper_bound))]
    fn max_timestamp_offset(
        &self,
        py: Python<'_>,
        upper_bound: i64,
    ) -> PyResult<Option<(i64, i64)>> {
        self.run(py, true, |log| log.max_timestamp_offset(upper_bound))
    }

    fn flush(&self, py: Python<'_>) -> PyResult<i64> {
        py.detach(|| flush::flush(&self.shared, true))
            .map_err(|error| log_error(py, error))
    }

    fn close(&self) {
        self.lock().close();
    }
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LogSlice>()?;
    module.add_class::<SegmentInfo>()?;
    module.add_class::<Log>()
}
