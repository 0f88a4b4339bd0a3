//! Any bytes-like argument as a slice, uncopied.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Work on this many bytes and more lets other Python threads run.
pub const DETACH_FROM_BYTES: usize = 64 << 10;

/// Keeps the Python object, or its exported buffer, alive as long as the slice is used.
pub enum BytesLike<'py> {
    /// The common case, and the cheapest.
    Bytes(Bound<'py, PyBytes>),
    /// A bytearray, a memoryview, anything contiguous that exports bytes.
    Buffer(PyBuffer<u8>),
}

impl BytesLike<'_> {
    /// The bytes. Python code must not write into a mutable buffer while a call that was handed it runs.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Buffer(buffer) if buffer.len_bytes() == 0 => &[],
            // SAFETY: `extract` checked that the buffer is C-contiguous, so `buf_ptr` points at `len_bytes` initialised
            // bytes, which the export keeps in place as long as `self` lives. No Python code runs while the slice is
            // used, except in calls that detach, whose documented contract forbids writing to the argument meanwhile.
            Self::Buffer(buffer) => unsafe {
                std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), buffer.len_bytes())
            },
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for BytesLike<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.to_owned()));
        }
        let buffer = PyBuffer::<u8>::get(&object)?;
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err("a contiguous buffer is needed"));
        }
        Ok(Self::Buffer(buffer))
    }
}
