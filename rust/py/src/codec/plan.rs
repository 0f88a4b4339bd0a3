//! A message at one version: which fields travel, how, and through which slots of which Python class.
//!
//! Built once per message and version, when first used; building it imports the module of the message's classes.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyFloat, PyList, PyString, PyType};

use super::schema::{Catalog, DefaultValue, Field, Message, Struct, Type};
use super::slots::{Slot, SlottedClass};

/// How a value is written.
pub enum Kind {
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(Arc<StructPlan>),
    Array(Box<Kind>),
}

/// What a field holds when the wire says nothing.
pub enum DefaultPlan {
    /// An immutable object that all instances share.
    Shared(Py<PyAny>),
    EmptyList,
    NewStruct,
}

/// How null is written.
#[derive(Clone, Copy, PartialEq)]
pub enum NullForm {
    /// The field cannot be null.
    Never,
    /// By a length of -1 (compact: 0).
    Length,
    /// By an int8 before the struct: -1, else 1.
    Byte,
    /// By an unsigned varint before a tagged struct: 0, else 1.
    Varint,
}

pub struct FieldPlan {
    pub slot: Slot,
    /// `Struct.field`, for error messages.
    pub path: String,
    pub kind: Kind,
    pub default: DefaultPlan,
    pub null: NullForm,
    pub compact: bool,
    /// Absent in this version, and setting it is not an error.
    pub ignorable: bool,
}

pub struct StructPlan {
    pub class: SlottedClass,
    pub name: &'static str,
    /// In wire order.
    pub regular: Vec<FieldPlan>,
    /// In ascending order of tag.
    pub tagged: Vec<(u32, FieldPlan)>,
    /// Fields that this version does not have.
    pub absent: Vec<FieldPlan>,
    pub flexible: bool,
}

impl StructPlan {
    /// Every field, of all versions.
    pub fn fields(&self) -> impl Iterator<Item = &FieldPlan> {
        self.regular
            .iter()
            .chain(self.tagged.iter().map(|(_, field)| field))
            .chain(&self.absent)
    }
}

/// The plan of message `index` at `version`, or None when the schema has no such version.
pub fn plan(py: Python<'_>, index: usize, version: i16) -> PyResult<Option<&'static StructPlan>> {
    let Some(message) = Catalog::get().messages.get(index) else {
        return Ok(None);
    };
    if !message.valid.contains(version) {
        return Ok(None);
    }
    let at = usize::try_from(version - message.valid.low).ok();
    let Some(cell) = at.and_then(|at| cells(py).get(index)?.get(at)) else {
        return Ok(None);
    };
    cell.get_or_try_init(py, || Builder::new(py, message, version)?.build())
        .map(|plan| Some(&**plan))
}

type Cell = PyOnceLock<Arc<StructPlan>>;

/// One cell per message and version, so that two versions never wait for one another.
fn cells(py: Python<'_>) -> &'static [Vec<Cell>] {
    static CELLS: PyOnceLock<Vec<Vec<Cell>>> = PyOnceLock::new();
    CELLS.get_or_init(py, || {
        let cells_of = |message: &Message| {
            (message.valid.low..=message.valid.high)
                .map(|_| Cell::new())
                .collect()
        };
        Catalog::get().messages.iter().map(cells_of).collect()
    })
}

struct Builder<'py> {
    module: Bound<'py, PyModule>,
    message: &'static Message,
    version: i16,
    built: HashMap<usize, Arc<StructPlan>>,
}

impl<'py> Builder<'py> {
    fn new(py: Python<'py>, message: &'static Message, version: i16) -> PyResult<Self> {
        let module = py.import(format!("minikafka.wire.{}", message.module))?;
        Ok(Self {
            module,
            message,
            version,
            built: HashMap::new(),
        })
    }

    fn build(mut self) -> PyResult<Arc<StructPlan>> {
        let last = self.message.structs().len().saturating_sub(1);
        self.struct_plan(last)
    }

    /// Recursion ends because the generator puts inner structs before those that use them.
    fn struct_plan(&mut self, index: usize) -> PyResult<Arc<StructPlan>> {
        if let Some(plan) = self.built.get(&index) {
            return Ok(plan.clone());
        }
        let schema: &'static Struct = self.message.structs().get(index).ok_or_else(|| {
            PyRuntimeError::new_err(format!(
                "{}: no struct {index} in the schema table",
                self.message.name
            ))
        })?;
        let class = self.module.getattr(schema.name)?.cast_into::<PyType>()?;
        let mut plan = StructPlan {
            class: SlottedClass::new(&class)?,
            name: schema.name,
            regular: Vec::new(),
            tagged: Vec::new(),
            absent: Vec::new(),
            flexible: self.message.flexible.contains(self.version),
        };
        for field in &schema.fields {
            let field_plan = self.field_plan(&class, schema, field)?;
            if !field.versions.contains(self.version) {
                plan.absent.push(field_plan);
            } else if field.tagged.contains(self.version) {
                plan.tagged.push((field.tag, field_plan));
            } else {
                plan.regular.push(field_plan);
            }
        }
        plan.tagged.sort_by_key(|(tag, _)| *tag);
        let plan = Arc::new(plan);
        self.built.insert(index, plan.clone());
        Ok(plan)
    }

    fn field_plan(
        &mut self,
        class: &Bound<'py, PyType>,
        schema: &Struct,
        field: &Field,
    ) -> PyResult<FieldPlan> {
        let element = self.kind(field.element)?;
        Ok(FieldPlan {
            slot: Slot::new(class, field.name)?,
            path: format!("{}.{}", schema.name, field.name),
            kind: if field.is_array {
                Kind::Array(Box::new(element))
            } else {
                element
            },
            default: default_plan(class.py(), field)?,
            null: self.null_form(field),
            compact: self.message.flexible.contains(self.version) && !field.never_compact,
            ignorable: field.ignorable,
        })
    }

    fn null_form(&self, field: &Field) -> NullForm {
        let is_struct = !field.is_array && matches!(field.element, Type::Struct(_));
        match (
            field.nullable.contains(self.version),
            is_struct,
            field.tagged.contains(self.version),
        ) {
            (false, ..) => NullForm::Never,
            (true, false, _) => NullForm::Length,
            (true, true, false) => NullForm::Byte,
            (true, true, true) => NullForm::Varint,
        }
    }

    fn kind(&mut self, element: Type) -> PyResult<Kind> {
        Ok(match element {
            Type::Bool => Kind::Bool,
            Type::Int8 => Kind::Int8,
            Type::Int16 => Kind::Int16,
            Type::UInt16 => Kind::UInt16,
            Type::Int32 => Kind::Int32,
            Type::UInt32 => Kind::UInt32,
            Type::Int64 => Kind::Int64,
            Type::Float64 => Kind::Float64,
            Type::Uuid => Kind::Uuid,
            Type::String => Kind::String,
            Type::Bytes => Kind::Bytes,
            Type::Records => Kind::Records,
            Type::Struct(index) => Kind::Struct(self.struct_plan(index)?),
        })
    }
}

fn default_plan(py: Python<'_>, field: &Field) -> PyResult<DefaultPlan> {
    let shared = match field.default {
        DefaultValue::Null => py.None(),
        DefaultValue::True => true.into_pyobject(py)?.to_owned().into_any().unbind(),
        DefaultValue::Int(value) => value.into_pyobject(py)?.into_any().unbind(),
        DefaultValue::Zero if field.is_array => return Ok(DefaultPlan::EmptyList),
        DefaultValue::Zero => match field.element {
            Type::Struct(_) => return Ok(DefaultPlan::NewStruct),
            Type::Bool => false.into_pyobject(py)?.to_owned().into_any().unbind(),
            Type::Float64 => PyFloat::new(py, 0.0).into_any().unbind(),
            Type::String => PyString::new(py, "").into_any().unbind(),
            Type::Bytes | Type::Records => PyBytes::new(py, b"").into_any().unbind(),
            Type::Uuid => PyBytes::new(py, &[0; 16]).into_any().unbind(),
            _ => 0_i64.into_pyobject(py)?.into_any().unbind(),
        },
    };
    Ok(DefaultPlan::Shared(shared))
}

impl FieldPlan {
    /// The default, new where it is mutable.
    pub fn default<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match (&self.default, &self.kind) {
            (DefaultPlan::Shared(value), _) => Ok(value.bind(py).clone()),
            (DefaultPlan::NewStruct, Kind::Struct(plan)) => plan.default_instance(py),
            _ => Ok(PyList::empty(py).into_any()),
        }
    }

    /// Whether `value` is what Java would not write for a tagged field.
    pub fn is_default(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        match (&self.default, &self.kind) {
            (DefaultPlan::Shared(default), _) => {
                let default = default.bind(value.py());
                Ok(default.is(value) || (!default.is_none() && default.eq(value)?))
            }
            (DefaultPlan::NewStruct, Kind::Struct(plan)) => {
                if !plan.class.is_class_of(value) {
                    return Ok(false);
                }
                for field in plan.fields() {
                    if !field.is_default(&field.slot.get(value)?)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(!value.is_none() && value.len()? == 0),
        }
    }
}

impl StructPlan {
    fn default_instance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let instance = self.class.new_instance(py)?;
        for field in self.fields() {
            field.slot.set(&instance, &field.default(py)?)?;
        }
        Ok(instance)
    }
}
