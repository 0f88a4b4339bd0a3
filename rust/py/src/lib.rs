//! Python bindings: argument conversion, errors, the GIL. No logic (docs/style.md, rule 16).

mod batch;
mod buffer;
mod cleaning;
mod codec;
mod error;
mod flush;
mod frames;
mod fs;
mod log;

use pyo3::prelude::*;

/// The compiled half of minikafka: codec, record batches, logs, flusher.
// Locking has not been reviewed for free-threaded Python, so the module asks for the GIL.
#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    codec::register(module)?;
    module.add_class::<frames::FrameSplitter>()?;
    error::register(module)?;
    batch::register(module)?;
    cleaning::register(module)?;
    log::register(module)?;
    fs::register(module)?;
    flush::register(module)
}
