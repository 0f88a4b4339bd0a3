//! The bytes below minikafka: record batches, segments, indexes, recovery and fsync.
//!
//! This crate knows bytes, batches, offsets and files. It does not know leaders, in-sync replicas, consumers or
//! transactions: those are decided above, in Python. If a function here needs a sentence about them to be explained, it
//! is on the wrong side.
//!
//! Layers, lower ones first: [`fs`] (the operating system behind a trait), [`files`] (small files as a whole),
//! [`batch`] (record batches), [`log`] (segments and indexes), [`flush`] (durability).

// Offsets and sizes are 64 bits wide here and so is `usize` on every platform served; what narrows to 32 bits was checked
// against a limit first, or is masked.
#![allow(clippy::cast_possible_truncation)]

pub mod batch;
mod bytes;
pub mod error;
pub mod files;
pub mod flush;
pub mod fs;
pub mod log;
