//! Rewriting segments off the loop; `minikafka.log.port.Cleaning` documents every member.

use std::sync::{Mutex, MutexGuard, PoisonError};

use minikafka_log::batch::{Keep, Retention};
use minikafka_log::error::Result as LogResult;
use minikafka_log::flush;
use minikafka_log::log as core;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::batch::BatchHeader;
use crate::error::log_error;

/// `minikafka.log.port.Retention`, by its attributes.
#[derive(FromPyObject)]
pub struct RetentionArgument {
    keep: u8,
    keep_empty: bool,
    drop_tombstones: bool,
    delete_horizon_ms: Option<i64>,
}

impl TryFrom<RetentionArgument> for Retention {
    type Error = PyErr;

    fn try_from(argument: RetentionArgument) -> PyResult<Self> {
        let keep = match argument.keep {
            0 => Keep::Nothing,
            1 => Keep::Some,
            2 => Keep::Everything,
            other => {
                return Err(PyValueError::new_err(format!(
                    "there is no way {other} to keep"
                )));
            }
        };
        Ok(Self {
            keep,
            keep_empty: argument.keep_empty,
            drop_tombstones: argument.drop_tombstones,
            delete_horizon: argument.delete_horizon_ms,
        })
    }
}

/// Inactive segments being rewritten.
#[pyclass(frozen, module = "minikafka._core")]
pub struct Cleaning {
    cleaning: Mutex<core::Cleaning>,
    log: core::SharedLog,
}

impl Cleaning {
    pub fn new(cleaning: core::Cleaning, log: core::SharedLog) -> Self {
        Self {
            cleaning: Mutex::new(cleaning),
            log,
        }
    }

    fn lock(&self) -> MutexGuard<'_, core::Cleaning> {
        self.cleaning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T: Send>(
        &self,
        py: Python<'_>,
        operation: impl FnOnce(&mut core::Cleaning) -> LogResult<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| operation(&mut self.lock()))
            .map_err(|error| log_error(py, error))
    }
}

#[pymethods]
#[allow(clippy::needless_pass_by_value)]
impl Cleaning {
    #[getter]
    fn is_given_up(&self) -> bool {
        self.lock().is_given_up()
    }

    #[getter]
    fn latest_offset(&self) -> i64 {
        self.lock().latest_offset()
    }

    fn read_segment(&self, base_offset: i64) {
        self.lock().read_segment(base_offset);
    }

    #[pyo3(signature = (*, max_batches))]
    fn headers(&self, py: Python<'_>, max_batches: usize) -> PyResult<Vec<BatchHeader>> {
        let headers = self.run(py, |cleaning| cleaning.headers(max_batches))?;
        Ok(headers.into_iter().map(BatchHeader::from).collect())
    }

    fn remember_keys(&self, py: Python<'_>, wanted: Vec<bool>) -> PyResult<usize> {
        self.run(py, |cleaning| cleaning.remember_keys(&wanted))
    }

    fn begin_segment(&self, py: Python<'_>, bases: Vec<i64>) -> PyResult<()> {
        self.run(py, |cleaning| cleaning.begin_segment(&bases))
    }

    fn write(&self, py: Python<'_>, retentions: Vec<RetentionArgument>) -> PyResult<()> {
        let retentions: Vec<Retention> = retentions
            .into_iter()
            .map(Retention::try_from)
            .collect::<PyResult<_>>()?;
        self.run(py, |cleaning| cleaning.write(&retentions))
    }

    fn end_segment(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, core::Cleaning::end_segment)
    }

    fn swap_in(&self, py: Python<'_>) -> PyResult<bool> {
        self.run(py, |cleaning| flush::lock(&self.log).swap_cleaned(cleaning))
    }

    fn discard(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, core::Cleaning::discard)
    }
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Cleaning>()
}
