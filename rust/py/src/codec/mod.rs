//! The wire codec: an interpreter over Kafka's own schemas, one table for both directions and both sides.
//!
//! Headers are read here by hand: a request header is version 2 (with tags) when the request's version is flexible, else
//! 1; a response header likewise 1 or 0, except that an `ApiVersions` response always has 0, so that a client that does
//! not know the broker's version can read it (KIP-511).

mod decode;
mod encode;
mod fault;
mod plan;
mod schema;
mod slots;

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use decode::Reader;
pub use fault::DecodeError;
use fault::{EncodeError, Fault};
use schema::{Catalog, Message};
pub use slots::with_bytes;

const API_VERSIONS_KEY: i16 = 18;
/// Kafka's own limit, whatever the length prefix could say.
const MAX_STRING_BYTES: usize = 32_767;

/// A scratch buffer that grew beyond this (a response far over the usual 1 MiB a partition) is let go.
const MAX_SCRATCH_BYTES: usize = 4 * 1024 * 1024;

/// The part of a request header that every version has.
#[pyclass(frozen, eq, module = "minikafka._core")]
#[derive(PartialEq)]
struct RequestHeader {
    #[pyo3(get)]
    api_key: i16,
    #[pyo3(get)]
    api_version: i16,
    #[pyo3(get)]
    correlation_id: i32,
    client_id: Option<String>,
}

#[pymethods]
impl RequestHeader {
    #[new]
    #[pyo3(signature = (api_key, api_version, correlation_id, client_id=None))]
    fn new(api_key: i16, api_version: i16, correlation_id: i32, client_id: Option<String>) -> Self {
        Self {
            api_key,
            api_version,
            correlation_id,
            client_id,
        }
    }

    #[getter]
    fn client_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.client_id
            .as_deref()
            .map(|text| PyString::new(py, text))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "RequestHeader(api_key={}, api_version={}, correlation_id={}, client_id={})",
            self.api_key,
            self.api_version,
            self.correlation_id,
            self.client_id(py).into_pyobject(py)?.repr()?
        ))
    }
}

/// The header of a request frame, whatever its API key and version.
#[pyfunction]
fn decode_request_header(frame: &Bound<'_, PyAny>) -> PyResult<RequestHeader> {
    let frame = whole(frame)?;
    request_header(&mut Reader::new(&frame)).map_err(Fault::into_decode_error)
}

/// Header and body; the body is None when the schema lacks the API key or the version.
#[pyfunction]
fn decode_request<'py>(
    frame: &Bound<'py, PyAny>,
) -> PyResult<(RequestHeader, Option<Bound<'py, PyAny>>)> {
    let py = frame.py();
    let frame = whole(frame)?;
    let mut reader = Reader::new(&frame);
    let header = request_header(&mut reader).map_err(Fault::into_decode_error)?;
    let Some(index) = Catalog::get().request(header.api_key) else {
        return Ok((header, None));
    };
    let Some(plan) = plan::plan(py, index, header.api_version)? else {
        return Ok((header, None));
    };
    if plan.flexible {
        reader.skip_tags().map_err(Fault::into_decode_error)?;
    }
    let body = reader.object(plan).map_err(Fault::into_decode_error)?;
    Ok((header, Some(body)))
}

/// Correlation id and body.
#[pyfunction]
fn decode_response<'py>(
    api_key: i16,
    api_version: i16,
    frame: &Bound<'py, PyAny>,
) -> PyResult<(i32, Bound<'py, PyAny>)> {
    let py = frame.py();
    let frame = whole(frame)?;
    let plan = api_plan(py, Catalog::get().response(api_key), api_key, api_version)
        .map_err(Fault::into_decode_error)?;
    let mut reader = Reader::new(&frame);
    let decoded = (|| {
        let correlation_id = reader.i32()?;
        if plan.flexible && api_key != API_VERSIONS_KEY {
            reader.skip_tags()?;
        }
        Ok((correlation_id, reader.object(plan)?))
    })();
    decoded.map_err(Fault::into_decode_error)
}

/// A request frame with its length.
#[pyfunction]
fn encode_request<'py>(
    api_key: i16,
    api_version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
    body: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = body.py();
    encoded(py, |out| {
        let plan = api_plan(py, Catalog::get().request(api_key), api_key, api_version)?;
        out.extend([0; 4]);
        out.extend(api_key.to_be_bytes());
        out.extend(api_version.to_be_bytes());
        out.extend(correlation_id.to_be_bytes());
        encode::nullable_string(out, client_id)?;
        if plan.flexible {
            out.push(0);
        }
        encode::object(out, plan, body)?;
        set_length(out)
    })
}

/// A response frame with its length.
#[pyfunction]
fn encode_response<'py>(
    api_key: i16,
    api_version: i16,
    correlation_id: i32,
    body: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = body.py();
    encoded(py, |out| {
        let plan = api_plan(py, Catalog::get().response(api_key), api_key, api_version)?;
        out.extend([0; 4]);
        out.extend(correlation_id.to_be_bytes());
        if plan.flexible && api_key != API_VERSIONS_KEY {
            out.push(0);
        }
        encode::object(out, plan, body)?;
        set_length(out)
    })
}

/// A message by its schema's name, without header, from `offset` on.
#[pyfunction]
fn decode_message<'py>(
    name: &str,
    version: i16,
    data: &Bound<'py, PyAny>,
    offset: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let data = whole(data)?;
    let plan = named_plan(py, name, version).map_err(Fault::into_decode_error)?;
    let mut reader = Reader::new(&data);
    let decoded = reader.skip(offset).and_then(|()| reader.object(plan));
    decoded.map_err(Fault::into_decode_error)
}

/// A message by its schema's name, after `prefix`.
#[pyfunction]
fn encode_message<'py>(
    name: &str,
    version: i16,
    value: &Bound<'py, PyAny>,
    prefix: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let py = value.py();
    encoded(py, |out| {
        let plan = named_plan(py, name, version)?;
        out.extend(prefix);
        encode::object(out, plan, value)
    })
}

/// `(API key, lowest, highest stable version)` of every request, by key.
#[pyfunction]
fn schema_versions() -> Vec<(i16, i16, i16)> {
    let range =
        |message: &Message| Some((message.api_key?, message.valid.low, message.latest_stable()));
    let requests = Catalog::get()
        .messages
        .iter()
        .filter(|message| message.kind == "request");
    let mut ranges: Vec<_> = requests.filter_map(range).collect();
    ranges.sort_unstable();
    ranges
}

/// An unsigned varint at `offset`: its value and the offset after it.
#[pyfunction]
fn decode_unsigned_varint(data: &Bound<'_, PyAny>, offset: usize) -> PyResult<(u32, usize)> {
    let data = whole(data)?;
    let mut reader = Reader::new(&data);
    let decoded = reader.skip(offset).and_then(|()| reader.unsigned_varint());
    decoded
        .map(|value| (value, reader.position()))
        .map_err(Fault::into_decode_error)
}

fn request_header(reader: &mut Reader<'_, '_>) -> Result<RequestHeader, Fault> {
    Ok(RequestHeader {
        api_key: reader.i16()?,
        api_version: reader.i16()?,
        correlation_id: reader.i32()?,
        client_id: reader.nullable_string()?.map(str::to_owned),
    })
}

/// The frame as an immutable object; anything but `bytes` is copied, because its owner could change it.
fn whole<'py>(frame: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    if let Ok(bytes) = frame.cast::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let buffer = pyo3::buffer::PyBuffer::<u8>::get(frame)?;
    Ok(PyBytes::new(frame.py(), &buffer.to_vec(frame.py())?))
}

fn api_plan(
    py: Python<'_>,
    index: Option<usize>,
    api_key: i16,
    version: i16,
) -> Result<&'static plan::StructPlan, Fault> {
    let found = index
        .map(|index| plan::plan(py, index, version))
        .transpose()?
        .flatten();
    found.ok_or_else(|| Fault::new(format!("API key {api_key} has no version {version}")))
}

fn named_plan(
    py: Python<'_>,
    name: &str,
    version: i16,
) -> Result<&'static plan::StructPlan, Fault> {
    let found = Catalog::get()
        .named(name)
        .map(|index| plan::plan(py, index, version))
        .transpose()?
        .flatten();
    found.ok_or_else(|| Fault::new(format!("{name} has no version {version}")))
}

/// What `write` put into this thread's scratch buffer, which is kept so that large frames need not grow a new one.
fn encoded(
    py: Python<'_>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
) -> PyResult<Bound<'_, PyBytes>> {
    thread_local! {
        static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut out = SCRATCH.take();
    out.clear();
    let bytes = write(&mut out).map(|()| PyBytes::new(py, &out));
    if out.capacity() <= MAX_SCRATCH_BYTES {
        SCRATCH.set(out);
    }
    bytes.map_err(Fault::into_encode_error)
}

/// Fill in the four bytes that were left for the frame's length.
fn set_length(frame: &mut [u8]) -> Result<(), Fault> {
    let length = i32::try_from(frame.len().saturating_sub(4));
    let length = length.map_err(|_| Fault::new("frame over 2 GiB"))?;
    if let Some(prefix) = frame.first_chunk_mut() {
        *prefix = length.to_be_bytes();
    }
    Ok(())
}

/// Add the codec to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("DecodeError", py.get_type::<DecodeError>())?;
    module.add("EncodeError", py.get_type::<EncodeError>())?;
    module.add_class::<RequestHeader>()?;
    module.add_function(wrap_pyfunction!(decode_request_header, module)?)?;
    module.add_function(wrap_pyfunction!(decode_request, module)?)?;
    module.add_function(wrap_pyfunction!(decode_response, module)?)?;
    module.add_function(wrap_pyfunction!(encode_request, module)?)?;
    module.add_function(wrap_pyfunction!(encode_response, module)?)?;
    module.add_function(wrap_pyfunction!(decode_message, module)?)?;
    module.add_function(wrap_pyfunction!(encode_message, module)?)?;
    module.add_function(wrap_pyfunction!(schema_versions, module)?)?;
    module.add_function(wrap_pyfunction!(decode_unsigned_varint, module)?)
}
