//! A descriptor that turns readable when there is news: the way from a flusher thread to an event loop.
//!
//! One byte stands for "look"; the receiver drains what is there and then looks, so bytes may be fewer than news.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// A connected pair of which one side is written and the other watched.
#[derive(Debug)]
pub struct Wake {
    sender: UnixStream,
    receiver: UnixStream,
}

impl Wake {
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let (sender, receiver) = UnixStream::pair()?;
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        Ok(Self { sender, receiver })
    }

    /// To be watched for readability.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.receiver.as_raw_fd()
    }

    /// Makes the descriptor readable. A full pipe is readable already, so failing to write is no failure.
    pub fn notify(&self) {
        let _ = (&self.sender).write(&[1]);
    }

    /// Makes the descriptor unreadable until the next [`Wake::notify`].
    pub fn drain(&self) {
        let mut bytes = [0; 64];
        while (&self.receiver)
            .read(&mut bytes)
            .is_ok_and(|count| count == bytes.len())
        {}
    }
}
