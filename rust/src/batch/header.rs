//! The 61 bytes before the records of a batch.
//!
//! Base offset, batch length, leader epoch, magic and CRC stand *before* the bytes the CRC covers, so a leader stamps
//! offset and epoch without touching the checksum (L3).

use crate::bytes::Cursor;
use crate::error::{BatchError, BatchErrorKind};

/// Size of the header; also of the smallest batch, one without records (legal after compaction, L16).
pub const HEADER_BYTES: usize = 61;
/// Base offset and batch length; the batch length counts what follows it.
pub const LENGTH_PREFIX_BYTES: u32 = 12;

pub(crate) const COMPRESSION_MASK: i16 = 0b111;
pub(crate) const LOG_APPEND_TIME: i16 = 1 << 3;
pub(crate) const TRANSACTIONAL: i16 = 1 << 4;
pub(crate) const CONTROL: i16 = 1 << 5;
pub(crate) const DELETE_HORIZON: i16 = 1 << 6;

/// What a control batch says: 0 abort, 1 commit, other numbers as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Marker {
    /// Type field of the control record's key.
    pub control_type: i16,
    /// From the value of an end-transaction marker, else -1.
    pub coordinator_epoch: i32,
}

/// One batch without its records. Field meanings as in Kafka's `DefaultRecordBatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchHeader {
    /// Offset of the first record (kept by compaction even when that record is gone).
    pub base_offset: i64,
    /// Whole batch in bytes, this header included; at least [`HEADER_BYTES`].
    pub size_bytes: u32,
    /// Epoch of the leader that appended it; -1 before any leader did.
    pub partition_leader_epoch: i32,
    /// Always 2 in a batch that parsed.
    pub magic: i8,
    /// CRC-32C of everything from the attributes to the end, as written in the batch.
    pub crc: u32,
    /// Flags; see the methods.
    pub attributes: i16,
    /// Last offset minus base offset; never negative.
    pub last_offset_delta: i32,
    /// Milliseconds; the delete horizon instead, when attribute bit 6 is set.
    pub base_timestamp: i64,
    /// Milliseconds; largest of the records, or the broker's time of append.
    pub max_timestamp: i64,
    /// -1 without idempotence.
    pub producer_id: i64,
    /// -1 without idempotence.
    pub producer_epoch: i16,
    /// Sequence of the first record; -1 without idempotence and in markers.
    pub base_sequence: i32,
    /// Records present; never negative.
    pub record_count: i32,
    /// `None` unless this is a control batch.
    pub marker: Option<Marker>,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`, which may end anywhere after it.
    ///
    /// The marker of a control batch is read when its record is there too; the records are not looked at otherwise.
    ///
    /// # Errors
    /// `Corrupt` when cut short or shorter than a header claims to be, `UnsupportedMagic`, `Invalid` for negative
    /// counts or offsets past the end of the number line.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let mut cursor = Cursor(bytes);
        let header = Self::read(&mut cursor)
            .ok_or_else(|| BatchError::corrupt("the batch is cut short within its header"))?;
        header.check()?;
        let marker = if header.is_control() {
            read_marker(cursor)
        } else {
            None
        };
        Ok(Self { marker, ..header })
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            base_offset: cursor.i64()?,
            // A length too small or negative becomes a size below HEADER_BYTES, which `check` refuses.
            size_bytes: u32::try_from(cursor.i32()?)
                .map_or(0, |length| length + LENGTH_PREFIX_BYTES),
            partition_leader_epoch: cursor.i32()?,
            magic: cursor.i8()?,
            crc: cursor.u32()?,
            attributes: cursor.i16()?,
            last_offset_delta: cursor.i32()?,
            base_timestamp: cursor.i64()?,
            max_timestamp: cursor.i64()?,
            producer_id: cursor.i64()?,
            producer_epoch: cursor.i16()?,
            base_sequence: cursor.i32()?,
            record_count: cursor.i32()?,
            marker: None,
        })
    }

    /// The header as written; the inverse of [`BatchHeader::parse`].
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let length = self.size_bytes.saturating_sub(LENGTH_PREFIX_BYTES);
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..8].copy_from_slice(&self.base_offset.to_be_bytes());
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.partition_leader_epoch.to_be_bytes());
        bytes[16..17].copy_from_slice(&self.magic.to_be_bytes());
        bytes[17..21].copy_from_slice(&self.crc.to_be_bytes());
        bytes[21..23].copy_from_slice(&self.attributes.to_be_bytes());
        bytes[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        bytes[27..35].copy_from_slice(&self.base_timestamp.to_be_bytes());
        bytes[35..43].copy_from_slice(&self.max_timestamp.to_be_bytes());
        bytes[43..51].copy_from_slice(&self.producer_id.to_be_bytes());
        bytes[51..53].copy_from_slice(&self.producer_epoch.to_be_bytes());
        bytes[53..57].copy_from_slice(&self.base_sequence.to_be_bytes());
        bytes[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        bytes
    }

    fn check(&self) -> Result<(), BatchError> {
        if self.magic != 2 {
            let message = format!("magic {} is not supported, only 2", self.magic);
            return Err(BatchError::new(BatchErrorKind::UnsupportedMagic, message));
        }
        if (self.size_bytes as usize) < HEADER_BYTES {
            return Err(BatchError::corrupt(
                "the batch length is smaller than a header",
            ));
        }
        if self.last_offset_delta < 0 || self.record_count < 0 {
            return Err(BatchError::invalid(
                "a count in the batch header is negative",
            ));
        }
        if self.base_offset < 0
            || self
                .base_offset
                .checked_add(i64::from(self.last_offset_delta) + 1)
                .is_none()
        {
            return Err(BatchError::invalid(
                "the offsets of the batch are out of range",
            ));
        }
        Ok(())
    }

    /// The largest timestamp of a record in it; -1 when there is none, as in a batch that compaction emptied (L16).
    #[must_use]
    pub fn newest_record_timestamp(&self) -> i64 {
        if self.record_count == 0 {
            -1
        } else {
            self.max_timestamp
        }
    }

    /// Inclusive.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.last_offset_delta))
    }

    /// One past the last offset.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// Inclusive; after 2147483647 comes 0 (I4). -1 when the batch has no sequence.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let sum = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        // Sequences live modulo 2^31, so the mask is the wrap.
        (sum & i64::from(i32::MAX)) as i32
    }

    /// 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 are undefined.
    #[must_use]
    pub fn compression(&self) -> u8 {
        (self.attributes & COMPRESSION_MASK) as u8
    }

    /// The max timestamp is the broker's, and readers take it for every record (L6).
    #[must_use]
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// Part of a transaction.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// A marker, never handed to applications.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// The base timestamp is the time after which a tombstone or marker may go (L16).
    #[must_use]
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON != 0
    }
}

/// Attributes with the transactional and control bits set as told.
#[must_use]
pub fn with_flags(attributes: i16, transactional: bool, control: bool) -> i16 {
    let transactional = if transactional { TRANSACTIONAL } else { 0 };
    let control = if control { CONTROL } else { 0 };
    attributes | transactional | control
}

/// The first record of a control batch: key {version, type}, value {version, coordinator epoch} (T8).
fn read_marker(mut cursor: Cursor<'_>) -> Option<Marker> {
    cursor.varint()?; // record length
    cursor.i8()?; // attributes
    cursor.varlong()?; // timestamp delta
    cursor.varint()?; // offset delta
    let mut key = Cursor(cursor.nullable()??);
    key.i16()?;
    let control_type = key.i16()?;
    let is_end_of_transaction = matches!(control_type, 0 | 1);
    let coordinator_epoch = match cursor.nullable()? {
        Some(value) if is_end_of_transaction => {
            let mut value = Cursor(value);
            value.i16().and_then(|_version| value.i32()).unwrap_or(-1)
        }
        _ => -1,
    };
    Some(Marker {
        control_type,
        coordinator_epoch,
    })
}
