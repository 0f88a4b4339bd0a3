//! The log against a list of batches: whatever is done to both, they answer alike.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod common;

use std::sync::Arc;

use common::{DIRECTORY, append, batch, open_log, read_all, shared};
use minikafka_log::batch::BatchHeader;
use minikafka_log::flush::{flush, lock};
use minikafka_log::fs::{Chance, FileSystem, SimulatedDisk};
use minikafka_log::log::SharedLog;

struct Pair {
    fs: Arc<dyn FileSystem>,
    log: SharedLog,
    /// Oldest first; those below the log start stay until their segment goes.
    batches: Vec<Vec<u8>>,
    log_start_offset: i64,
    log_end_offset: i64,
    now: i64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let fs: Arc<dyn FileSystem> = Arc::new(SimulatedDisk::new(seed));
        let log = shared(open_log(&fs, DIRECTORY, 0, 0, false));
        Self {
            fs,
            log,
            batches: Vec::new(),
            log_start_offset: 0,
            log_end_offset: 0,
            now: 0,
        }
    }

    fn step(&mut self, chance: &mut Chance) {
        self.now += chance.below(5) as i64 - 1;
        match chance.below(16) {
            0 => self.truncate(chance),
            1 => self.delete(chance),
            2 => self.reopen(chance.one_in(2)),
            3 => {
                let base_offset = lock(&self.log).roll().unwrap();
                assert_eq!(base_offset, self.active_base());
            }
            4 => self.follow_with_a_gap(chance),
            5 if chance.one_in(5) => self.start_over(chance),
            _ => self.lead(chance),
        }
        self.compare(chance);
    }

    fn lead(&mut self, chance: &mut Chance) {
        let bytes = self.random_batch(chance);
        self.batches
            .push(append(&mut lock(&self.log), &bytes, self.now));
        self.log_end_offset = header(self.batches.last().unwrap()).next_offset();
    }

    fn follow_with_a_gap(&mut self, chance: &mut Chance) {
        let mut bytes = self.random_batch(chance);
        let base_offset = self.log_end_offset + chance.below(20) as i64;
        bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
        let mut log = lock(&self.log);
        if log.should_roll(bytes.len() as u64, self.now, base_offset + 10) {
            log.roll().unwrap();
        }
        log.append_as_follower(&bytes).unwrap();
        self.log_end_offset = header(&bytes).next_offset();
        self.batches.push(bytes);
    }

    fn truncate(&mut self, chance: &mut Chance) {
        let offset = self.log_start_offset + self.random_offset(chance);
        lock(&self.log).truncate_to(offset).unwrap();
        if offset >= self.log_end_offset {
            return;
        }
        self.batches
            .retain(|batch| header(batch).last_offset() < offset);
        let end = self
            .batches
            .last()
            .map_or(0, |batch| header(batch).next_offset());
        self.log_end_offset = end.max(self.active_base());
        self.log_start_offset = self.log_start_offset.min(self.log_end_offset);
    }

    fn delete(&mut self, chance: &mut Chance) {
        let offset = (self.log_start_offset + self.random_offset(chance)).min(self.log_end_offset);
        let mut log = lock(&self.log);
        log.advance_log_start_offset(offset).unwrap();
        log.delete_segments_before(offset).unwrap();
        self.log_start_offset = self.log_start_offset.max(offset);
        let first = log.segments()[0].base_offset;
        self.batches
            .retain(|batch| header(batch).base_offset >= first);
    }

    fn start_over(&mut self, chance: &mut Chance) {
        let offset = self.log_end_offset + chance.below(50) as i64;
        lock(&self.log).truncate_fully_and_start_at(offset).unwrap();
        self.batches.clear();
        (self.log_start_offset, self.log_end_offset) = (offset, offset);
    }

    fn reopen(&mut self, clean: bool) {
        let recovery_point = if clean {
            flush(&self.log, true).unwrap()
        } else {
            lock(&self.log).recovery_point()
        };
        self.log = shared(open_log(
            &self.fs,
            DIRECTORY,
            recovery_point,
            self.log_start_offset,
            clean,
        ));
    }

    fn compare(&self, chance: &mut Chance) {
        let mut log = lock(&self.log);
        assert_eq!(log.log_end_offset(), self.log_end_offset);
        assert_eq!(log.log_start_offset(), self.log_start_offset);
        let offset = self.log_start_offset + self.random_offset(chance);
        if offset > self.log_end_offset {
            assert!(log.read(offset, 1, i64::MAX, true).is_err());
            return;
        }
        let expected: Vec<&Vec<u8>> = self
            .batches
            .iter()
            .filter(|batch| header(batch).last_offset() >= offset)
            .collect();
        assert_eq!(
            read_all(&mut log, offset).iter().collect::<Vec<_>>(),
            expected
        );
        let headers = log.headers(offset, 7).unwrap();
        assert_eq!(
            headers,
            expected
                .iter()
                .take(7)
                .map(|batch| header(batch))
                .collect::<Vec<_>>()
        );
        Self::compare_bounded_read(&mut log, offset, &expected, chance);
        self.compare_times(&mut log, chance);
    }

    /// F3: whole batches, below the bound, within the size, the first one whatever its size.
    fn compare_bounded_read(
        log: &mut minikafka_log::log::Log,
        offset: i64,
        expected: &[&Vec<u8>],
        chance: &mut Chance,
    ) {
        let upper_bound = offset + chance.below(30) as i64;
        let max_bytes = chance.below(1200);
        let slice = log.read(offset, max_bytes, upper_bound, true).unwrap();
        let mut bytes = vec![0; slice.length];
        slice.copy_to(&mut bytes).unwrap();
        let mut taken = Vec::new();
        for batch in expected {
            let is_below = header(batch).base_offset < upper_bound;
            let segments = log.segments();
            let same_segment = |at: i64| {
                segments
                    .iter()
                    .rposition(|segment| segment.base_offset <= at)
            };
            let first = header(expected[0]).base_offset;
            let fits = taken.is_empty() || taken.len() + batch.len() <= max_bytes;
            if !is_below || !fits || same_segment(first) != same_segment(header(batch).base_offset)
            {
                break;
            }
            taken.extend_from_slice(batch);
        }
        assert_eq!(
            bytes, taken,
            "read from {offset} below {upper_bound} within {max_bytes}"
        );
    }

    /// F5, where every record of a batch has the batch's timestamp.
    fn compare_times(&self, log: &mut minikafka_log::log::Log, chance: &mut Chance) {
        let timestamp = chance.below(usize::try_from(self.now.max(0)).unwrap() + 2) as i64;
        let readable = |batch: &&Vec<u8>| header(batch).last_offset() >= self.log_start_offset;
        let first = self
            .batches
            .iter()
            .filter(readable)
            .map(|batch| header(batch));
        let expected = first
            .clone()
            .find(|header| header.max_timestamp >= timestamp)
            .map(|header| {
                (
                    header.base_offset.max(self.log_start_offset),
                    header.max_timestamp,
                )
            });
        assert_eq!(
            log.offset_for_timestamp(timestamp, i64::MAX).unwrap(),
            expected
        );
        let largest = first
            .clone()
            .map(|header| header.max_timestamp)
            .max()
            .filter(|time| *time >= 0);
        let found = log.max_timestamp_offset(i64::MAX).unwrap();
        assert_eq!(found.map(|(_, time)| time), largest);
    }

    fn active_base(&self) -> i64 {
        lock(&self.log).active_segment_base_offset()
    }

    fn random_batch(&self, chance: &mut Chance) -> Vec<u8> {
        batch(
            1 + chance.below(4),
            &"x".repeat(chance.below(300)),
            self.now,
        )
    }

    fn random_offset(&self, chance: &mut Chance) -> i64 {
        chance.below(usize::try_from(self.log_end_offset - self.log_start_offset).unwrap() + 3)
            as i64
    }
}

fn header(batch: &[u8]) -> BatchHeader {
    BatchHeader::parse(batch).unwrap()
}

#[test]
fn l10_the_log_behaves_like_a_list_of_batches() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let mut pair = Pair::new(seed);
        for _ in 0..150 {
            pair.step(&mut chance);
        }
    }
}
