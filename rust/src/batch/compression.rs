//! The five compressions of a batch: none, gzip, snappy, lz4, zstd.
//!
//! What comes from the network may claim anything, so output is streamed and capped: a few hundred bytes must not become
//! a gigabyte of memory or a minute of work.

use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{FrameDecoder, FrameEncoder};

use crate::batch::header::{BatchHeader, HEADER_BYTES};
use crate::bytes::Cursor;
use crate::error::{BatchError, BatchErrorKind};

/// What the records of one batch may unpack to.
pub const MOST_UNCOMPRESSED_BYTES: u64 = 256 << 20;

/// Flags of an lz4 frame, and the length in front of each of its blocks, whose top bit says "not compressed".
const LZ4_BLOCK_CHECKSUM: u8 = 1 << 4;
const LZ4_CONTENT_SIZE: u8 = 1 << 3;
const LZ4_CONTENT_CHECKSUM: u8 = 1 << 2;
const LZ4_DICTIONARY: u8 = 1;
const LZ4_BLOCK_SIZE: u32 = i32::MAX as u32;

/// Java's snappy stream: this, two version numbers, then blocks that each carry their length.
const XERIAL_MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const XERIAL_HEADER_BYTES: usize = 16;
const XERIAL_BLOCK_BYTES: usize = 32 << 10;
/// A three-byte snappy element yields 64 bytes at most, so a block that claims more than this is lying.
const MOST_SNAPPY_EXPANSION: usize = 22;

/// The records of `batch`, unpacked as they are read and cut off one byte past [`MOST_UNCOMPRESSED_BYTES`].
///
/// # Errors
/// `UnsupportedCompression` for types 5 to 7, `Corrupt` when the stream does not even begin well.
pub fn open<'a>(header: &BatchHeader, batch: &'a [u8]) -> Result<impl Read + use<'a>, BatchError> {
    let bytes = batch.get(HEADER_BYTES..).unwrap_or_default();
    let stream: Box<dyn Read + 'a> = match header.compression() {
        0 => Box::new(bytes),
        1 => Box::new(MultiGzDecoder::new(bytes)),
        2 => Box::new(Snappy::new(bytes)),
        3 if !is_whole_frame(bytes).unwrap_or(false) => {
            let error = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(damaged(&error));
        }
        3 => Box::new(FrameDecoder::new(bytes)),
        4 => Box::new(zstd::Decoder::with_buffer(bytes).map_err(|error| damaged(&error))?),
        other => return Err(unsupported(other)),
    };
    Ok(stream.take(MOST_UNCOMPRESSED_BYTES + 1))
}

/// The records of `batch`, unpacked into memory.
///
/// # Errors
/// As [`open`]; `TooLarge` past [`MOST_UNCOMPRESSED_BYTES`].
pub fn unpack(header: &BatchHeader, batch: &[u8]) -> Result<Vec<u8>, BatchError> {
    let mut records = Vec::new();
    open(header, batch)?
        .read_to_end(&mut records)
        .map_err(|error| damaged(&error))?;
    if records.len() as u64 > MOST_UNCOMPRESSED_BYTES {
        return Err(too_large());
    }
    Ok(records)
}

/// How hard to try, in the terms of the compression; `None` is its default. Snappy has no levels, nor has lz4 here.
pub type Level = Option<i32>;

/// Packs records as a client would.
///
/// # Errors
/// `UnsupportedCompression` for types above 4.
pub fn pack(compression: u8, records: &[u8]) -> Result<Vec<u8>, BatchError> {
    pack_at(compression, records, None)
}

/// Packs records at a level.
///
/// # Errors
/// `UnsupportedCompression` for types above 4.
pub fn pack_at(compression: u8, records: &[u8], level: Level) -> Result<Vec<u8>, BatchError> {
    let packed = match compression {
        0 => Ok(records.to_vec()),
        1 => pack_gzip(records, level),
        2 => pack_xerial(records),
        3 => {
            let mut encoder = FrameEncoder::new(Vec::new());
            encoder
                .write_all(records)
                .and_then(|()| encoder.finish().map_err(io::Error::other))
        }
        4 => zstd::encode_all(records, level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL)),
        other => return Err(unsupported(other)),
    };
    packed.map_err(|error| damaged(&error))
}

fn pack_gzip(records: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let level = level
        .and_then(|level| u32::try_from(level).ok())
        .map_or_else(flate2::Compression::default, |level| {
            flate2::Compression::new(level.min(9))
        });
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(records)?;
    encoder.finish()
}

/// What a stream that cannot be read on is.
pub fn damaged(error: &io::Error) -> BatchError {
    BatchError::corrupt(format!("the compressed records are damaged: {error}"))
}

/// What a stream that yields more than the cap is.
pub fn too_large() -> BatchError {
    let message = format!("the records unpack to more than {MOST_UNCOMPRESSED_BYTES} bytes");
    BatchError::new(BatchErrorKind::TooLarge, message)
}

fn unsupported(compression: u8) -> BatchError {
    let message = format!("there is no compression type {compression}");
    BatchError::new(BatchErrorKind::UnsupportedCompression, message)
}

/// Snappy as Kafka clients write it: Java's stream of blocks, or one bare block.
struct Snappy<'a> {
    input: Cursor<'a>,
    is_stream: bool,
    block: Vec<u8>,
    read: usize,
}

impl<'a> Snappy<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let is_stream = bytes.starts_with(&XERIAL_MAGIC);
        let input = Cursor(if is_stream {
            bytes.get(XERIAL_HEADER_BYTES..).unwrap_or_default()
        } else {
            bytes
        });
        Self {
            input,
            is_stream,
            block: Vec::new(),
            read: 0,
        }
    }

    fn next_block(&mut self) -> Option<io::Result<Vec<u8>>> {
        if self.input.0.is_empty() {
            return None;
        }
        let length = if self.is_stream {
            self.input.u32().map(|length| length as usize)
        } else {
            Some(self.input.0.len())
        };
        let Some(packed) = length.and_then(|length| self.input.take(length)) else {
            return Some(Err(io::ErrorKind::UnexpectedEof.into()));
        };
        Some(unpack_snappy(packed))
    }
}

impl Read for Snappy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.block.len() {
            match self.next_block() {
                Some(block) => (self.block, self.read) = (block?, 0),
                None => return Ok(0),
            }
        }
        let count = self
            .block
            .get(self.read..)
            .unwrap_or_default()
            .read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

/// Whether an lz4 frame goes on to its end mark and the checksum after that, which the decoder does not wait for. Only
/// lengths are looked at; everything else is the decoder's business.
fn is_whole_frame(bytes: &[u8]) -> Option<bool> {
    let mut frame = Cursor(bytes);
    let [_magic @ .., flags, _block_size] = frame.array::<6>()?;
    let has = |bit: u8| flags & bit != 0;
    let content_size = if has(LZ4_CONTENT_SIZE) { 8 } else { 0 };
    let dictionary = if has(LZ4_DICTIONARY) { 4 } else { 0 };
    frame.take(content_size + dictionary + 1)?; // the header's checksum is one byte
    loop {
        let size = u32::from_le_bytes(frame.array()?) & LZ4_BLOCK_SIZE;
        if size == 0 {
            break;
        }
        frame.take(size as usize)?;
        if has(LZ4_BLOCK_CHECKSUM) {
            frame.take(4)?;
        }
    }
    if has(LZ4_CONTENT_CHECKSUM) {
        frame.take(4)?;
    }
    Some(true)
}

fn unpack_snappy(packed: &[u8]) -> io::Result<Vec<u8>> {
    let claimed = snap::raw::decompress_len(packed)?;
    if claimed > packed.len() * MOST_SNAPPY_EXPANSION + 64 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a snappy block claims an impossible length",
        ));
    }
    Ok(snap::raw::Decoder::new().decompress_vec(packed)?)
}

fn pack_xerial(records: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = XERIAL_MAGIC.to_vec();
    packed.extend(1_i32.to_be_bytes()); // version
    packed.extend(1_i32.to_be_bytes()); // oldest version that can read it
    for block in records.chunks(XERIAL_BLOCK_BYTES) {
        let block = snap::raw::Encoder::new().compress_vec(block)?;
        packed.extend(
            u32::try_from(block.len())
                .map_err(io::Error::other)?
                .to_be_bytes(),
        );
        packed.extend(block);
    }
    Ok(packed)
}
