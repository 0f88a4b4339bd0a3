//! Received bytes to frames: each is a length (int32, big-endian) and that many bytes.
//!
//! Built for asyncio's `BufferedProtocol`: the transport asks for a buffer, fills part of it and says how much. A length
//! is checked when it is seen, before anything is kept for it; memory grows with bytes received, never with a length.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::codec::{DecodeError, with_bytes};

const LENGTH_BYTES: usize = 4;
const SMALLEST_BUFFER: usize = 16 * 1024;
const LARGEST_BUFFER: usize = 256 * 1024;

/// One connection's receive side.
#[pyclass(module = "minikafka._core")]
pub struct FrameSplitter {
    max_frame_bytes: usize,
    receive: Py<PyByteArray>,
    receive_bytes: usize,
    /// Bytes of a frame that is not complete yet, its length first.
    partial: Vec<u8>,
}

#[pymethods]
impl FrameSplitter {
    #[new]
    fn new(py: Python<'_>, max_frame_bytes: usize) -> Self {
        let receive = PyByteArray::new(py, &[0; SMALLEST_BUFFER]).unbind();
        Self {
            max_frame_bytes,
            receive,
            receive_bytes: SMALLEST_BUFFER,
            partial: Vec::new(),
        }
    }

    /// A writable buffer for the next bytes, to be filled from its start. The hint is not needed.
    #[pyo3(signature = (size_hint=-1), text_signature = "($self, size_hint=-1)")]
    fn get_buffer(&self, py: Python<'_>, size_hint: isize) -> Py<PyByteArray> {
        let _ = size_hint;
        self.receive.clone_ref(py)
    }

    /// Take the first `count` bytes of the buffer; the frames that are complete now, without their lengths.
    fn buffer_updated<'py>(
        &mut self,
        py: Python<'py>,
        count: usize,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let receive = self.receive.bind(py).clone();
        // Making bytes objects runs no Python code: they are not tracked by the garbage collector.
        let frames = with_bytes(&receive, |bytes| {
            self.split(py, bytes.get(..count).unwrap_or(bytes))
        })?;
        if count >= self.receive_bytes && self.receive_bytes < LARGEST_BUFFER {
            self.receive_bytes *= 2;
            self.receive = PyByteArray::new(py, &vec![0; self.receive_bytes]).unbind();
        }
        Ok(frames)
    }

    /// How many bytes of an incomplete frame are held.
    #[getter]
    fn pending_bytes(&self) -> usize {
        self.partial.len()
    }
}

impl FrameSplitter {
    fn split<'py>(
        &mut self,
        py: Python<'py>,
        mut received: &[u8],
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let mut frames = Vec::new();
        if !self.partial.is_empty() {
            received = self.continue_partial(received)?;
            let Some(size) = self.complete(&self.partial)? else {
                return Ok(frames);
            };
            frames.push(PyBytes::new(
                py,
                self.partial.get(LENGTH_BYTES..size).unwrap_or_default(),
            ));
            self.partial = Vec::new();
        }
        while let Some(size) = self.complete(received)? {
            let (frame, rest) = received.split_at(size);
            frames.push(PyBytes::new(
                py,
                frame.get(LENGTH_BYTES..).unwrap_or_default(),
            ));
            received = rest;
        }
        self.partial.extend_from_slice(received);
        Ok(frames)
    }

    /// Move what belongs to the partial frame out of `received`; what is left belongs to the next frames.
    fn continue_partial<'a>(&mut self, mut received: &'a [u8]) -> PyResult<&'a [u8]> {
        let missing = LENGTH_BYTES.saturating_sub(self.partial.len());
        received = self.take(received, missing);
        let missing = self
            .frame_size(&self.partial)?
            .map_or(0, |size| size - self.partial.len());
        Ok(self.take(received, missing))
    }

    fn take<'a>(&mut self, received: &'a [u8], count: usize) -> &'a [u8] {
        let (head, rest) = received.split_at(count.min(received.len()));
        self.partial.extend_from_slice(head);
        rest
    }

    /// The size, length included, of the frame that `bytes` begins with, if it is all there.
    fn complete(&self, bytes: &[u8]) -> PyResult<Option<usize>> {
        Ok(self.frame_size(bytes)?.filter(|size| *size <= bytes.len()))
    }

    /// The size, length included, that the first four bytes announce, if they are there.
    fn frame_size(&self, bytes: &[u8]) -> PyResult<Option<usize>> {
        let Some(prefix) = bytes.first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*prefix);
        match usize::try_from(length) {
            Ok(length) if length <= self.max_frame_bytes => Ok(Some(length + LENGTH_BYTES)),
            _ => Err(DecodeError::new_err(format!(
                "frame length {length}, allowed are 0 to {}",
                self.max_frame_bytes
            ))),
        }
    }
}
