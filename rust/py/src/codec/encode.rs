//! Objects to bytes, byte for byte as Kafka's own classes write them.
//!
//! A field that the version lacks must hold its default, unless Kafka declares it ignorable. Tagged fields are written
//! only when they differ from their default, in ascending order of tag.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};

use super::fault::Fault;
use super::plan::{FieldPlan, Kind, NullForm, StructPlan};

type Encoded<T> = Result<T, Fault>;

/// Write one struct.
pub fn object(out: &mut Vec<u8>, plan: &StructPlan, value: &Bound<'_, PyAny>) -> Encoded<()> {
    if !plan.class.is_class_of(value) {
        return Err(Fault::new(format!(
            "expected {}, got {}",
            plan.name,
            type_name(value)
        )));
    }
    for field in &plan.absent {
        if !field.ignorable && !is_default(field, value)? {
            return Err(Fault::new(format!(
                "{}: set, but this version does not have it",
                field.path
            )));
        }
    }
    for field in &plan.regular {
        let inner = read(field, value)?;
        write(out, field, &inner).map_err(|fault| fault.at(&field.path))?;
    }
    if plan.flexible {
        tagged_fields(out, plan, value)
    } else {
        Ok(())
    }
}

/// An unsigned varint: seven bits a byte, lowest first.
fn unsigned_varint(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let [_, _, _, low] = value.to_be_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// A string with an int16 length, -1 for null.
pub fn nullable_string(out: &mut Vec<u8>, value: Option<&str>) -> Encoded<()> {
    match value {
        None => out.extend((-1_i16).to_be_bytes()),
        Some(text) => string(out, text.as_bytes(), false)?,
    }
    Ok(())
}

fn tagged_fields(out: &mut Vec<u8>, plan: &StructPlan, value: &Bound<'_, PyAny>) -> Encoded<()> {
    let mut present = Vec::new();
    for (tag, field) in &plan.tagged {
        if !is_default(field, value)? {
            present.push((*tag, field));
        }
    }
    unsigned_varint(out, length(present.len())?);
    for (tag, field) in present {
        let mut body = Vec::new();
        write(&mut body, field, &read(field, value)?).map_err(|fault| fault.at(&field.path))?;
        unsigned_varint(out, tag);
        unsigned_varint(out, length(body.len())?);
        out.extend(body);
    }
    Ok(())
}

fn read<'py>(field: &FieldPlan, object: &Bound<'py, PyAny>) -> Encoded<Bound<'py, PyAny>> {
    field
        .slot
        .get(object)
        .map_err(|_| Fault::new(format!("{}: not set", field.path)))
}

fn is_default(field: &FieldPlan, object: &Bound<'_, PyAny>) -> Encoded<bool> {
    let value = read(field, object)?;
    field
        .is_default(&value)
        .map_err(|error| Fault::new(format!("{}: {error}", field.path)))
}

fn write(out: &mut Vec<u8>, field: &FieldPlan, value: &Bound<'_, PyAny>) -> Encoded<()> {
    if value.is_none() {
        return null(out, field);
    }
    if matches!(field.null, NullForm::Byte | NullForm::Varint) {
        out.push(1);
    }
    write_value(out, &field.kind, field.compact, value)
}

fn null(out: &mut Vec<u8>, field: &FieldPlan) -> Encoded<()> {
    match (field.null, &field.kind) {
        (NullForm::Never, _) => return Err(Fault::new("None in a non-nullable field")),
        (NullForm::Byte, _) => out.extend((-1_i8).to_be_bytes()),
        (NullForm::Varint, _) => out.push(0),
        (NullForm::Length, _) if field.compact => out.push(0),
        (NullForm::Length, Kind::String) => out.extend((-1_i16).to_be_bytes()),
        (NullForm::Length, _) => out.extend((-1_i32).to_be_bytes()),
    }
    Ok(())
}

fn write_value(
    out: &mut Vec<u8>,
    kind: &Kind,
    compact: bool,
    value: &Bound<'_, PyAny>,
) -> Encoded<()> {
    match kind {
        Kind::Bool => out.push(u8::from(cast::<PyBool>(value, "bool")?.is_true())),
        Kind::Int8 => out.extend(int::<i8>(value)?.to_be_bytes()),
        Kind::Int16 => out.extend(int::<i16>(value)?.to_be_bytes()),
        Kind::UInt16 => out.extend(int::<u16>(value)?.to_be_bytes()),
        Kind::Int32 => out.extend(int::<i32>(value)?.to_be_bytes()),
        Kind::UInt32 => out.extend(int::<u32>(value)?.to_be_bytes()),
        Kind::Int64 => out.extend(int::<i64>(value)?.to_be_bytes()),
        Kind::Float64 => out.extend(cast::<PyFloat>(value, "float")?.value().to_be_bytes()),
        Kind::Uuid => {
            let bytes = cast::<PyBytes>(value, "bytes")?.as_bytes();
            let uuid: &[u8; 16] = bytes
                .try_into()
                .map_err(|_| Fault::new("a UUID has 16 bytes"))?;
            out.extend(uuid);
        }
        Kind::String => {
            let text = cast::<PyString>(value, "str")?;
            let text = text
                .to_cow()
                .map_err(|_| Fault::new("string cannot be written as UTF-8"))?;
            string(out, text.as_bytes(), compact)?;
        }
        Kind::Bytes | Kind::Records => buffer(out, value, compact)?,
        Kind::Struct(plan) => object(out, plan, value)?,
        Kind::Array(element) => {
            let list = cast::<PyList>(value, "list")?;
            write_length(out, list.len(), compact)?;
            for item in list.iter() {
                write_value(out, element, compact, &item)?;
            }
        }
    }
    Ok(())
}

fn string(out: &mut Vec<u8>, text: &[u8], compact: bool) -> Encoded<()> {
    if text.len() > super::MAX_STRING_BYTES {
        return Err(Fault::new("string longer than 32767 bytes"));
    }
    if compact {
        write_length(out, text.len(), true)?;
    } else {
        let length =
            i16::try_from(text.len()).map_err(|_| Fault::new("string longer than 32767 bytes"))?;
        out.extend(length.to_be_bytes());
    }
    out.extend_from_slice(text);
    Ok(())
}

fn buffer(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, compact: bool) -> Encoded<()> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        write_length(out, bytes.len(), compact)?;
        out.extend_from_slice(bytes);
        return Ok(());
    }
    let buffer = PyBuffer::<u8>::get(value).map_err(|_| {
        Fault::new(format!(
            "expected a buffer of bytes, got {}",
            type_name(value)
        ))
    })?;
    write_length(out, buffer.item_count(), compact)?;
    let start = out.len();
    out.resize(start + buffer.item_count(), 0);
    let target = out.get_mut(start..).unwrap_or_default();
    buffer.copy_to_slice(value.py(), target)?;
    Ok(())
}

fn write_length(out: &mut Vec<u8>, count: usize, compact: bool) -> Encoded<()> {
    let count = length(count)?;
    if compact {
        unsigned_varint(out, count + 1);
    } else {
        out.extend(count.to_be_bytes());
    }
    Ok(())
}

/// Kafka's lengths are positive int32.
fn length(count: usize) -> Encoded<u32> {
    u32::try_from(count)
        .ok()
        .filter(|count| i32::try_from(*count).is_ok())
        .ok_or_else(|| Fault::new("longer than an int32 can say"))
}

fn int<T: TryFrom<i64>>(value: &Bound<'_, PyAny>) -> Encoded<T> {
    let wide: i64 = cast::<PyInt>(value, "int")?
        .extract()
        .map_err(|_| Fault::new("integer out of range"))?;
    T::try_from(wide).map_err(|_| Fault::new(format!("{wide} is out of range")))
}

fn cast<'a, 'py, T: pyo3::PyTypeCheck>(
    value: &'a Bound<'py, PyAny>,
    expected: &str,
) -> Encoded<&'a Bound<'py, T>> {
    value
        .cast::<T>()
        .map_err(|_| Fault::new(format!("expected {expected}, got {}", type_name(value))))
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value
        .get_type()
        .name()
        .map_or_else(|_| "an unnamed type".to_owned(), |name| name.to_string())
}
