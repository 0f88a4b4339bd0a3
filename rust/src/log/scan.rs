//! Walking the batches of a segment by their headers alone.

use std::io;

use crate::batch::{BatchHeader, HEADER_BYTES};
use crate::error::Result;
use crate::fs::File;

/// Enough for a header and, in a control batch, the marker behind it.
const GLIMPSE_BYTES: u64 = HEADER_BYTES as u64 + 67;

/// One index interval: a look-up seldom walks further.
pub const LOOK_UP_CHUNK: usize = 4 << 10;
/// For replays, which walk everything.
pub const REPLAY_CHUNK: usize = 64 << 10;

/// A batch and where it begins.
#[derive(Debug, Clone, Copy)]
pub struct Located {
    pub position: u64,
    pub header: BatchHeader,
}

impl Located {
    /// Where the next batch begins.
    pub fn end(&self) -> u64 {
        self.position + u64::from(self.header.size_bytes)
    }
}

/// Reads headers from `position` up to `end`, one chunk of the file at a time.
#[derive(Debug)]
pub struct HeaderScan<'a> {
    file: &'a dyn File,
    position: u64,
    end: u64,
    chunk: Vec<u8>,
    chunk_position: u64,
    chunk_bytes: usize,
}

impl<'a> HeaderScan<'a> {
    /// `position` must be a batch boundary and `end` one too.
    pub fn new(file: &'a dyn File, position: u64, end: u64, chunk_bytes: usize) -> Self {
        Self {
            file,
            position,
            end,
            chunk: Vec::new(),
            chunk_position: position,
            chunk_bytes,
        }
    }

    /// The next batch; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Located>> {
        if self.position >= self.end {
            return Ok(None);
        }
        let header = match BatchHeader::parse(self.glimpse()?) {
            Ok(header) if self.position + u64::from(header.size_bytes) <= self.end => header,
            Ok(_) => return Err(self.damaged("it reaches past the end of the segment")),
            Err(error) => return Err(self.damaged(&error.message)),
        };
        let located = Located {
            position: self.position,
            header,
        };
        self.position = located.end();
        Ok(Some(located))
    }

    /// The first batch for which `wanted` holds.
    pub fn find(&mut self, wanted: impl Fn(&BatchHeader) -> bool) -> Result<Option<Located>> {
        while let Some(located) = self.next()? {
            if wanted(&located.header) {
                return Ok(Some(located));
            }
        }
        Ok(None)
    }

    fn glimpse(&mut self) -> io::Result<&[u8]> {
        let wanted = GLIMPSE_BYTES.min(self.end - self.position) as usize;
        let at = usize::try_from(self.position - self.chunk_position).unwrap_or(usize::MAX);
        let there = self.chunk.len().saturating_sub(at);
        if there < wanted {
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            self.chunk.resize(self.chunk_bytes.min(left), 0);
            let got = self.file.read_at(&mut self.chunk, self.position)?;
            self.chunk.truncate(got);
            self.chunk_position = self.position;
            return Ok(&self.chunk);
        }
        Ok(self.chunk.get(at..).unwrap_or_default())
    }

    /// Bytes that were good when appended or recovered are not good now: the disk is not to be trusted any more.
    fn damaged(&self, why: &str) -> crate::error::LogError {
        let message = format!("the batch at position {} is damaged: {why}", self.position);
        io::Error::new(io::ErrorKind::InvalidData, message).into()
    }
}
