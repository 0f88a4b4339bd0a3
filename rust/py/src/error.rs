//! One map from the crate's errors to Python's.

use minikafka_log::error::{BatchError as CoreBatchError, LogError as CoreLogError};
use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

create_exception!(
    minikafka._core,
    BatchError,
    PyValueError,
    "Bytes that are no acceptable batch. Nothing was appended. `kind` says in one word what is wrong."
);
create_exception!(
    minikafka._core,
    LogError,
    PyOSError,
    "The disk failed, or the log it failed under is offline since."
);

/// What a refused batch raises.
pub fn batch_error(py: Python<'_>, error: &CoreBatchError) -> PyErr {
    let raised = BatchError::new_err(error.message.clone());
    match raised.value(py).setattr("kind", error.kind.name()) {
        Ok(()) => raised,
        Err(failed) => failed,
    }
}

/// What a log operation that did not happen raises.
pub fn log_error(py: Python<'_>, error: CoreLogError) -> PyErr {
    match error {
        CoreLogError::Batch(error) => batch_error(py, &error),
        CoreLogError::OutOfRange(message) => PyValueError::new_err(message),
        CoreLogError::Io(_) | CoreLogError::Offline(_) => LogError::new_err(error.to_string()),
    }
}

/// What a file operation that failed raises.
#[allow(clippy::needless_pass_by_value)] // so that it fits `map_err`
pub fn io_error(error: std::io::Error) -> PyErr {
    LogError::new_err(error.to_string())
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("BatchError", py.get_type::<BatchError>())?;
    module.add("LogError", py.get_type::<LogError>())
}
