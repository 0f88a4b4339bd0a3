//! Why decoding or encoding stopped.

use std::borrow::Cow;

use pyo3::prelude::*;

pyo3::create_exception!(
    _core,
    DecodeError,
    pyo3::exceptions::PyValueError,
    "Malformed input."
);
pyo3::create_exception!(
    _core,
    EncodeError,
    pyo3::exceptions::PyValueError,
    "A value that the version cannot carry."
);

/// Malformed bytes (or an unfit value), or an exception of Python's own such as `MemoryError`.
pub enum Fault {
    Malformed(Cow<'static, str>),
    Python(PyErr),
}

impl Fault {
    pub fn new(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(why.into())
    }

    /// Say where it happened. The innermost place says enough.
    pub fn at(self, path: &str) -> Self {
        match self {
            Self::Malformed(why) if !why.contains(": ") => Self::new(format!("{path}: {why}")),
            other => other,
        }
    }

    pub fn into_decode_error(self) -> PyErr {
        match self {
            Self::Malformed(why) => DecodeError::new_err(why.into_owned()),
            Self::Python(error) => error,
        }
    }

    pub fn into_encode_error(self) -> PyErr {
        match self {
            Self::Malformed(why) => EncodeError::new_err(why.into_owned()),
            Self::Python(error) => error,
        }
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}
