//! Group commit, as an event loop sees it: requests in, one descriptor to watch, completions out.

use std::os::fd::RawFd;

use minikafka_log::flush as core;
use pyo3::prelude::*;

use crate::error::io_error;
use crate::log::Log;

/// A few threads that sync dirty logs. They never take the GIL.
#[pyclass(frozen, module = "minikafka._core")]
pub struct Flusher {
    inner: core::Flusher,
}

#[pymethods]
impl Flusher {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self {
            inner: core::Flusher::new().map_err(io_error)?,
        })
    }

    fn request(&self, log: &Log, token: i64) {
        self.inner.request(&log.shared, token);
    }

    fn fileno(&self) -> RawFd {
        self.inner.descriptor()
    }

    fn completed(&self) -> Vec<(i64, i64, Option<String>)> {
        let completed = self.inner.completed().into_iter();
        completed
            .map(|answer| (answer.token, answer.recovery_point, answer.error))
            .collect()
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.inner.close());
    }
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Flusher>()
}
