//! Two kinds of failure: bytes that are no acceptable batch, and a disk that failed.

use std::fmt;
use std::io;

/// Result of anything that touches a log.
pub type Result<T, E = LogError> = std::result::Result<T, E>;

/// What is wrong with a batch, coarse enough for a caller to choose its answer by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchErrorKind {
    /// The checksum, a length or the framing does not hold.
    Corrupt,
    /// Well formed, but a field or a record contradicts another.
    Invalid,
    /// A magic other than 2.
    UnsupportedMagic,
    /// Compression bits 5 to 7.
    UnsupportedCompression,
    /// Past a cap: of the segment, or of what decompression may yield.
    TooLarge,
}

impl BatchErrorKind {
    /// The name by which Python knows this kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Invalid => "invalid",
            Self::UnsupportedMagic => "unsupported_magic",
            Self::UnsupportedCompression => "unsupported_compression",
            Self::TooLarge => "too_large",
        }
    }
}

/// Bytes that are no acceptable batch; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchError {
    /// Which kind of wrong.
    pub kind: BatchErrorKind,
    /// One plain sentence.
    pub message: String,
}

impl BatchError {
    /// An error of this kind.
    pub fn new(kind: BatchErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    /// Shorthand for [`BatchErrorKind::Corrupt`].
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(BatchErrorKind::Corrupt, message)
    }

    /// Shorthand for [`BatchErrorKind::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(BatchErrorKind::Invalid, message)
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BatchError {}

/// Why a log operation did not happen.
#[derive(Debug)]
pub enum LogError {
    /// The bytes given are not acceptable; the log is as before.
    Batch(BatchError),
    /// An offset outside of what the log holds; the log is as before.
    OutOfRange(String),
    /// The disk failed just now. The log is offline from here on.
    Io(io::Error),
    /// The disk failed earlier; says how.
    Offline(String),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(error) => error.fmt(f),
            Self::OutOfRange(message) => f.write_str(message),
            Self::Io(error) => error.fmt(f),
            Self::Offline(why) => write!(f, "the log is offline: {why}"),
        }
    }
}

impl std::error::Error for LogError {}

impl From<BatchError> for LogError {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
