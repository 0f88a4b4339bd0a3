//! The codec's only unsafe FFI: plain slotted objects, made and read without their `__init__` and without attribute
//! look-up, and the bytes of a receive buffer.
//!
//! Every raw pointer that Python hands over becomes an owned `Bound` in the same expression, so nothing can leak or be
//! freed twice on an early return.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyType};

/// A generated class whose instances are only slots.
pub struct SlottedClass {
    class: Py<PyType>,
    allocate: ffi::allocfunc,
}

/// One slot of a class: its member descriptor with the two functions behind it.
pub struct Slot {
    descriptor: Py<PyAny>,
    read: ffi::descrgetfunc,
    write: ffi::descrsetfunc,
}

impl SlottedClass {
    pub fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        // SAFETY: `class` is a live type object, and every type has or inherits tp_alloc, which has this signature.
        let allocate = unsafe { ffi::PyType_GetSlot(class.as_type_ptr(), ffi::Py_tp_alloc) };
        if allocate.is_null() {
            return Err(PyTypeError::new_err("class without an allocator"));
        }
        // SAFETY: the slot asked for is tp_alloc, checked not null.
        let allocate =
            unsafe { std::mem::transmute::<*mut std::ffi::c_void, ffi::allocfunc>(allocate) };
        Ok(Self {
            class: class.clone().unbind(),
            allocate,
        })
    }

    /// A new instance, every slot unset. The caller sets them all before anyone else sees the object.
    pub fn new_instance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: generated classes derive from `object` alone, whose `__new__` does nothing but this allocation.
        unsafe { Bound::from_owned_ptr_or_err(py, (self.allocate)(self.class.as_ptr().cast(), 0)) }
    }

    /// Whether `value` is an instance of exactly this class.
    pub fn is_class_of(&self, value: &Bound<'_, PyAny>) -> bool {
        value.get_type_ptr().cast() == self.class.as_ptr()
    }
}

impl Slot {
    /// The slot `name` of `class`. `TypeError` if the attribute is anything but a slot.
    pub fn new(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let descriptor = class.getattr(name)?;
        let kind = descriptor.get_type();
        if kind.name()? != "member_descriptor" {
            return Err(PyTypeError::new_err(format!(
                "{class}.{name} is not a slot"
            )));
        }
        // SAFETY: `kind` is a live type object.
        let (read, write) = unsafe {
            let kind = kind.as_type_ptr();
            (
                ffi::PyType_GetSlot(kind, ffi::Py_tp_descr_get),
                ffi::PyType_GetSlot(kind, ffi::Py_tp_descr_set),
            )
        };
        if read.is_null() || write.is_null() {
            return Err(PyTypeError::new_err("slot without get and set"));
        }
        // SAFETY: the slots asked for are tp_descr_get and tp_descr_set, checked not null.
        let (read, write) = unsafe {
            (
                std::mem::transmute::<*mut std::ffi::c_void, ffi::descrgetfunc>(read),
                std::mem::transmute::<*mut std::ffi::c_void, ffi::descrsetfunc>(write),
            )
        };
        Ok(Self {
            descriptor: descriptor.unbind(),
            read,
            write,
        })
    }

    /// The slot's value. `AttributeError` if unset, `TypeError` if `object` is of another class.
    pub fn get<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: both pointers are borrowed from live objects; the descriptor itself checks the object's class, and
        // returns a new reference or null with an exception set.
        unsafe {
            let kind = object.get_type_ptr().cast();
            let value = (self.read)(self.descriptor.as_ptr(), object.as_ptr(), kind);
            Bound::from_owned_ptr_or_err(object.py(), value)
        }
    }

    /// Set the slot. `TypeError` if `object` is of another class.
    pub fn set(&self, object: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: as in `get`; the descriptor takes its own reference to `value`.
        let status =
            unsafe { (self.write)(self.descriptor.as_ptr(), object.as_ptr(), value.as_ptr()) };
        if status == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(object.py()))
        }
    }
}

/// Run `read` on the buffer's bytes. `read` must not run Python code, which could resize the buffer.
pub fn with_bytes<T>(buffer: &Bound<'_, PyByteArray>, read: impl FnOnce(&[u8]) -> T) -> T {
    // SAFETY: the GIL is held throughout and `read` runs no Python code, so nobody writes to or resizes the buffer.
    read(unsafe { buffer.as_bytes() })
}
