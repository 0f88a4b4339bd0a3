//! Bytes to objects. Nothing the wire says is believed before it is checked against the bytes that are there.
//!
//! An array's length may not exceed the bytes that remain; lists grow element by element; a frame may hold at most
//! `MAX_ELEMENTS` list elements; null only where the schema says; varints have at most 5 bytes; tags ascend strictly;
//! a tagged field is read inside its own size. Recursion is bounded by the schema, which has no cycles.
//! Bytes after the message are left alone, as Kafka does.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyList, PyMemoryView, PySlice, PyString};

use super::fault::Fault;
use super::plan::{FieldPlan, Kind, NullForm, StructPlan};

/// Bounds the memory a small hostile frame can cost: an element is at least one byte on the wire, some 100 in memory.
pub const MAX_ELEMENTS: usize = 1_000_000;

type Decoded<T> = Result<T, Fault>;

/// A cursor over one frame.
pub struct Reader<'a, 'py> {
    frame: &'a Bound<'py, PyBytes>,
    /// The frame up to the end of what may be read now.
    bytes: &'a [u8],
    position: usize,
    elements_left: usize,
    view: Option<Bound<'py, PyMemoryView>>,
}

impl<'a, 'py> Reader<'a, 'py> {
    pub fn new(frame: &'a Bound<'py, PyBytes>) -> Self {
        Self {
            frame,
            bytes: frame.as_bytes(),
            position: 0,
            elements_left: MAX_ELEMENTS,
            view: None,
        }
    }

    /// Read one struct.
    pub fn object(&mut self, plan: &StructPlan) -> Decoded<Bound<'py, PyAny>> {
        let py = self.frame.py();
        let object = plan.class.new_instance(py)?;
        for field in &plan.regular {
            let value = self.field(field).map_err(|fault| fault.at(&field.path))?;
            field.slot.set(&object, &value)?;
        }
        if plan.flexible {
            self.tagged_fields(plan, &object)?;
        }
        for field in &plan.absent {
            field.slot.set(&object, &field.default(py)?)?;
        }
        Ok(object)
    }

    /// Pass over the first bytes.
    pub fn skip(&mut self, count: usize) -> Decoded<()> {
        self.take(count).map(|_| ())
    }

    /// Where the next read starts.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Skip a tag section none of whose tags matters (headers).
    pub fn skip_tags(&mut self) -> Decoded<()> {
        self.each_tag(|_, _| Ok(false))
    }

    pub fn i16(&mut self) -> Decoded<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn i32(&mut self) -> Decoded<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// A string with an int16 length, -1 for null; headers use it in every version.
    pub fn nullable_string(&mut self) -> Decoded<Option<&'a str>> {
        let length = self.length_i16()?;
        length.map(|length| self.utf8(length)).transpose()
    }

    pub fn unsigned_varint(&mut self) -> Decoded<u32> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.u8()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0x0f {
                return Err(Fault::new("varint over 32 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::new("varint longer than 5 bytes"))
    }

    fn tagged_fields(&mut self, plan: &StructPlan, object: &Bound<'py, PyAny>) -> Decoded<()> {
        let mut unread = plan.tagged.iter();
        let py = self.frame.py();
        self.each_tag(|reader, tag| {
            // Both sides ascend, so one pass meets every known field; those passed over take their defaults.
            while let Some((known, field)) = unread.as_slice().first() {
                if *known > tag {
                    break;
                }
                unread.next();
                if *known == tag {
                    let value = reader.field(field).map_err(|fault| fault.at(&field.path))?;
                    field.slot.set(object, &value)?;
                    return Ok(true);
                }
                field.slot.set(object, &field.default(py)?)?;
            }
            Ok(false)
        })?;
        for (_, field) in unread {
            field.slot.set(object, &field.default(py)?)?;
        }
        Ok(())
    }

    /// Call `read` for each tag with the reader confined to the field; it says whether it took the field.
    fn each_tag(&mut self, mut read: impl FnMut(&mut Self, u32) -> Decoded<bool>) -> Decoded<()> {
        let mut next_tag = 0_u32;
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            if tag < next_tag {
                return Err(Fault::new("tags do not ascend"));
            }
            next_tag = tag
                .checked_add(1)
                .ok_or_else(|| Fault::new("tag out of range"))?;
            let size = self.unsigned_varint()? as usize;
            let start = self.position;
            let end = start
                .checked_add(size)
                .filter(|end| *end <= self.bytes.len());
            let end = end.ok_or_else(|| Fault::new("tagged field longer than the frame"))?;
            let outer = self.bytes;
            self.bytes = outer.get(..end).unwrap_or(outer);
            let taken = read(self, tag)?;
            self.bytes = outer;
            if taken && self.position != end {
                return Err(Fault::new("tagged field shorter than its size"));
            }
            self.position = end;
        }
        Ok(())
    }

    fn field(&mut self, field: &FieldPlan) -> Decoded<Bound<'py, PyAny>> {
        let is_null = match field.null {
            NullForm::Byte => i8::from_be_bytes(self.array()?) < 0,
            NullForm::Varint => self.unsigned_varint()? == 0,
            NullForm::Never | NullForm::Length => false,
        };
        if is_null {
            return Ok(self.none());
        }
        self.value(&field.kind, field.compact, field.null != NullForm::Never)
    }

    fn none(&self) -> Bound<'py, PyAny> {
        self.frame.py().None().into_bound(self.frame.py())
    }

    fn value(&mut self, kind: &Kind, compact: bool, nullable: bool) -> Decoded<Bound<'py, PyAny>> {
        let py = self.frame.py();
        let length = match kind {
            Kind::Bool => {
                return Ok((self.u8()? != 0)
                    .into_pyobject(py)
                    .map_err(PyErr::from)?
                    .to_owned()
                    .into_any());
            }
            Kind::Int8 => return int(py, i8::from_be_bytes(self.array()?)),
            Kind::Int16 => return int(py, self.i16()?),
            Kind::UInt16 => return int(py, u16::from_be_bytes(self.array()?)),
            Kind::Int32 => return int(py, self.i32()?),
            Kind::UInt32 => return int(py, u32::from_be_bytes(self.array()?)),
            Kind::Int64 => return int(py, i64::from_be_bytes(self.array()?)),
            Kind::Float64 => {
                return Ok(PyFloat::new(py, f64::from_be_bytes(self.array()?)).into_any());
            }
            Kind::Uuid => return Ok(PyBytes::new(py, self.take(16)?).into_any()),
            Kind::Struct(plan) => return self.object(plan),
            _ if compact => self.length_compact()?,
            Kind::String => self.length_i16()?,
            _ => self.length_i32()?,
        };
        let Some(length) = length else {
            return if nullable {
                Ok(self.none())
            } else {
                Err(Fault::new("null in a non-nullable field"))
            };
        };
        match kind {
            Kind::String => Ok(PyString::new(py, self.utf8(length)?).into_any()),
            Kind::Records => self.slice(length),
            Kind::Array(element) => self.list(element, length, compact),
            _ => Ok(PyBytes::new(py, self.take(length)?).into_any()),
        }
    }

    fn list(&mut self, element: &Kind, length: usize, compact: bool) -> Decoded<Bound<'py, PyAny>> {
        if length > self.bytes.len().saturating_sub(self.position) {
            return Err(Fault::new("array longer than the frame"));
        }
        self.elements_left = self
            .elements_left
            .checked_sub(length)
            .ok_or_else(|| Fault::new("too many elements in one frame"))?;
        let list = PyList::empty(self.frame.py());
        for _ in 0..length {
            list.append(self.value(element, compact, false)?)?;
        }
        Ok(list.into_any())
    }

    /// A part of the frame, uncopied: a memoryview that keeps the frame alive.
    fn slice(&mut self, length: usize) -> Decoded<Bound<'py, PyAny>> {
        let start = self.position;
        self.take(length)?;
        let view = match self.view.take() {
            Some(view) => view,
            None => PyMemoryView::from(self.frame)?,
        };
        let range = PySlice::new(self.frame.py(), start as isize, self.position as isize, 1);
        let part = view.get_item(range)?;
        self.view = Some(view);
        Ok(part)
    }

    fn take(&mut self, count: usize) -> Decoded<&'a [u8]> {
        let end = self.position.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.position..end));
        let taken = taken.ok_or_else(|| Fault::new("frame ends too soon"))?;
        self.position += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        self.take(N)?
            .try_into()
            .map_err(|_| Fault::new("frame ends too soon"))
    }

    fn u8(&mut self) -> Decoded<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn utf8(&mut self, length: usize) -> Decoded<&'a str> {
        if length > super::MAX_STRING_BYTES {
            return Err(Fault::new("string longer than 32767 bytes"));
        }
        std::str::from_utf8(self.take(length)?).map_err(|_| Fault::new("string is not UTF-8"))
    }

    fn length_compact(&mut self) -> Decoded<Option<usize>> {
        Ok((self.unsigned_varint()? as usize).checked_sub(1))
    }

    fn length_i16(&mut self) -> Decoded<Option<usize>> {
        let length = self.i16()?;
        length_of(i32::from(length))
    }

    fn length_i32(&mut self) -> Decoded<Option<usize>> {
        let length = self.i32()?;
        length_of(length)
    }
}

fn length_of(length: i32) -> Decoded<Option<usize>> {
    match length {
        -1 => Ok(None),
        _ => usize::try_from(length)
            .map(Some)
            .map_err(|_| Fault::new("negative length")),
    }
}

fn int(py: Python<'_>, value: impl Into<i64>) -> Decoded<Bound<'_, PyAny>> {
    Ok(value
        .into()
        .into_pyobject(py)
        .map_err(PyErr::from)?
        .into_any())
}
