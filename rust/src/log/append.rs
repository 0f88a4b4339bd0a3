//! Appending, and starting a new segment (L3, L9).

use std::io;

use crate::batch::{
    BatchHeader, HEADER_BYTES, Timestamps, check_crc, split_batches, stamped_header,
};
use crate::error::{BatchError, BatchErrorKind, Result};
use crate::log::Log;
use crate::log::segment::Segment;

impl Log {
    /// Appends exactly one batch at the log end, stamped; returns its header as written (L3).
    ///
    /// The CRC is not checked again: the caller inspected the batch before it decided. Never rolls by itself.
    ///
    /// # Errors
    /// `Batch` when this is not one whole batch, or the active segment has no room; the disk's.
    pub fn append_as_leader(
        &mut self,
        batch: &[u8],
        leader_epoch: i32,
        timestamps: Option<Timestamps>,
    ) -> Result<BatchHeader> {
        self.guarded(|log| {
            let as_sent = BatchHeader::parse(batch)?;
            if as_sent.size_bytes as usize != batch.len() {
                return Err(BatchError::corrupt("an append takes exactly one whole batch").into());
            }
            let stamped = stamped_header(batch, log.log_end_offset, leader_epoch, timestamps)?;
            let header = BatchHeader {
                marker: as_sent.marker,
                ..BatchHeader::parse(&stamped)?
            };
            let records = batch.get(HEADER_BYTES..).unwrap_or_default();
            log.write(&[header], &[&stamped, records])?;
            Ok(header)
        })
    }

    /// Appends whole batches as a leader wrote them: checksums hold, offsets ascend from the log end. All or nothing;
    /// gaps are legal, since compaction leaves them. Never rolls by itself.
    ///
    /// # Errors
    /// `Batch` when the bytes are anything else, or the active segment has no room; the disk's.
    pub fn append_as_follower(&mut self, batches: &[u8]) -> Result<Vec<BatchHeader>> {
        self.guarded(|log| {
            let mut headers = Vec::new();
            let mut least_offset = log.log_end_offset;
            for item in split_batches(batches) {
                let (header, batch) = item?;
                check_crc(&header, batch)?;
                if header.base_offset < least_offset {
                    let message =
                        format!("base offset {} is below {least_offset}", header.base_offset);
                    return Err(BatchError::invalid(message).into());
                }
                least_offset = header.next_offset();
                headers.push(header);
            }
            if !headers.is_empty() {
                log.write(&headers, &[batches])?;
            }
            Ok(headers)
        })
    }

    /// Whether the active segment must be rolled before these bytes go in (L9).
    ///
    /// `segment.ms` counts from the first batch's timestamp to `max_timestamp`, both record time; a segment whose first
    /// batch has none is not rolled by time.
    #[must_use]
    pub fn should_roll(&self, size_bytes: u64, max_timestamp: i64, last_offset: i64) -> bool {
        let Some(active) = self.segments.last().filter(|active| active.size > 0) else {
            return false;
        };
        let age = if active.first_timestamp < 0 {
            0
        } else {
            max_timestamp.saturating_sub(active.first_timestamp)
        };
        active.size + size_bytes > self.config.segment_bytes
            || age > self.config.segment_ms - self.jitter_ms(active.base_offset)
            || active.offset_index.is_full(self.config.segment_index_bytes)
            || active.time_index.is_full(self.config.segment_index_bytes)
            || !active.room_for(size_bytes, last_offset)
    }

    /// Starts a new segment at the log end; returns its base offset. No-op while the active segment is empty.
    ///
    /// Segments always begin where the one before ended; recovery relies on it to see a lost tail.
    ///
    /// # Errors
    /// The disk's.
    pub fn roll(&mut self) -> Result<i64> {
        self.guarded(|log| {
            let base_offset = log.log_end_offset;
            let is_all_synced = log.recovery_point == base_offset;
            if let Some(active) = log.segments.last_mut().filter(|active| active.size > 0) {
                active.seal()?;
                active.next_offset = base_offset;
                if is_all_synced {
                    // The recovery point now stands at the end of this segment, so recovery will trust its indexes.
                    for index in active.index_files()? {
                        index.sync()?;
                    }
                }
                log.directory_dirty = true;
                let segment = Segment::create(&log.fs, &log.directory, base_offset)?;
                log.segments.push(segment);
            }
            Ok(log.active_segment_base_offset())
        })
    }

    /// What is taken off `segment.ms` for a segment: arbitrary, but always the same, so that a run can be repeated.
    fn jitter_ms(&self, base_offset: i64) -> i64 {
        let most = self.config.segment_jitter_ms.min(self.config.segment_ms);
        if most <= 0 {
            return 0;
        }
        let hash = crc32c::crc32c_append(
            crc32c::crc32c(self.directory.as_bytes()),
            &base_offset.to_be_bytes(),
        );
        i64::from(hash) % most
    }

    fn write(&mut self, headers: &[BatchHeader], parts: &[&[u8]]) -> Result<()> {
        let size: usize = parts.iter().map(|part| part.len()).sum();
        let index_interval = self.config.index_interval_bytes;
        let (Some(active), Some(last)) = (self.segments.last_mut(), headers.last()) else {
            return Err(io::Error::other("a log without a segment").into());
        };
        if !active.room_for(size as u64, last.last_offset()) {
            let message = "the active segment has no room for these batches";
            return Err(BatchError::new(BatchErrorKind::TooLarge, message).into());
        }
        active.append(headers, parts, index_interval)?;
        self.log_end_offset = last.next_offset();
        Ok(())
    }
}
