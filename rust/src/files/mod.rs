//! Small files as a whole.

mod atomic;

pub use atomic::{make_directory, read_file, rename, write_file, write_file_atomically};
