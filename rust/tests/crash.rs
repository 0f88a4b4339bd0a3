//! D2, D4: whatever a power cut does, recovery succeeds, keeps everything below the recovery point, and yields a prefix
//! of what the log held at some moment since the last flush.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod common;

use std::sync::Arc;

use common::{DIRECTORY, SMALL, append, batch, open_log, read_all, shared};
use minikafka_log::flush::{flush, lock};
use minikafka_log::fs::{Chance, FileSystem, OsFileSystem, SimulatedDisk, TrackedDisk};
use minikafka_log::log::SharedLog;

/// A disk that can lose power.
enum Disk {
    Simulated(SimulatedDisk),
    Tracked(TrackedDisk),
}

/// A log, and what it should hold.
struct World {
    disk: Disk,
    fs: Arc<dyn FileSystem>,
    directory: String,
    log: SharedLog,
    /// Every batch, oldest first.
    batches: Vec<Vec<u8>>,
    /// What it held before each truncation since the last flush: a truncation is not synced, so these may come back.
    earlier: Vec<Vec<Vec<u8>>>,
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = SimulatedDisk::new(seed);
        Self::on(Disk::Simulated(disk.clone()), Arc::new(disk), DIRECTORY)
    }

    fn on(disk: Disk, fs: Arc<dyn FileSystem>, directory: &str) -> Self {
        let log = shared(open_log(&fs, directory, 0, 0, false));
        let directory = directory.to_owned();
        Self {
            disk,
            fs,
            directory,
            log,
            batches: Vec::new(),
            earlier: Vec::new(),
        }
    }

    fn step(&mut self, chance: &mut Chance, number: usize) {
        match chance.below(12) {
            0 => self.truncate(chance),
            1 | 2 => {
                flush(&self.log, chance.one_in(3)).unwrap();
                self.earlier.clear();
            }
            3 => {
                lock(&self.log).roll().unwrap();
            }
            _ => {
                let label = "x".repeat(1 + chance.below(300)) + &number.to_string();
                let bytes = batch(1 + chance.below(4), &label, number as i64);
                self.batches
                    .push(append(&mut lock(&self.log), &bytes, number as i64));
            }
        }
    }

    fn truncate(&mut self, chance: &mut Chance) {
        let mut log = lock(&self.log);
        let offset = chance.below(usize::try_from(log.log_end_offset()).unwrap() + 1) as i64;
        // Most truncations are short.
        let offset = if chance.one_in(3) {
            offset
        } else {
            offset.max(log.log_end_offset() - 4)
        };
        log.truncate_to(offset).unwrap();
        self.earlier.push(self.batches.clone());
        let end = log.log_end_offset();
        self.batches.retain(|batch| base_offset(batch) < end);
        let bases = |batches: &[Vec<u8>]| {
            batches
                .iter()
                .map(|batch| base_offset(batch))
                .collect::<Vec<_>>()
        };
        assert_eq!(bases(&read_all(&mut log, 0)), bases(&self.batches));
    }

    /// Cuts the power and opens the log again; returns how many batches are left.
    fn power_loss(&mut self, seed: Option<u64>) -> usize {
        let recovery_point = lock(&self.log).recovery_point();
        match &self.disk {
            Disk::Simulated(disk) => disk.power_loss(&self.directory, seed),
            Disk::Tracked(disk) => disk.power_loss(&self.directory, seed).unwrap(),
        }
        assert!(
            lock(&self.log)
                .append_as_leader(&batch(1, "dead", 0), 1, None)
                .is_err()
        );
        let mut log = open_log(&self.fs, &self.directory, recovery_point, 0, false);
        let left = read_all(&mut log, 0);
        assert!(
            log.log_end_offset() >= recovery_point,
            "lost below the recovery point {recovery_point}"
        );
        let is_prefix_of = |whole: &Vec<Vec<u8>>| whole.starts_with(&left);
        assert!(
            is_prefix_of(&self.batches) || self.earlier.iter().any(is_prefix_of),
            "not a prefix"
        );
        self.log = shared(log);
        // What recovery cut was cut without a flush.
        self.earlier
            .push(std::mem::replace(&mut self.batches, left.clone()));
        left.len()
    }
}

fn base_offset(batch: &[u8]) -> i64 {
    i64::from_be_bytes(*batch.first_chunk().unwrap())
}

/// A random life of a log: appends, truncations, rolls, flushes and power cuts.
fn live(mut world: World, seed: u64, steps: usize) {
    let mut chance = Chance::new(seed);
    for number in 0..steps {
        world.step(&mut chance, number);
        if chance.one_in(30) {
            let cut = if chance.one_in(4) {
                None
            } else {
                Some(seed + number as u64)
            };
            world.power_loss(cut);
        }
    }
}

#[test]
fn d4_after_a_power_loss_a_log_is_a_prefix_and_complete_below_the_recovery_point() {
    for seed in 0..1_000 {
        live(World::new(seed), seed, 120);
    }
}

#[test]
fn d4_the_same_holds_on_real_files_whose_unsynced_bytes_are_taken_away() {
    let root = std::env::temp_dir().join(format!("minikafka-crash-{}", std::process::id()));
    for seed in 0..20 {
        let directory = root.join(seed.to_string()).join("topic-0");
        let disk = TrackedDisk::new(false);
        let world = World::on(
            Disk::Tracked(disk.clone()),
            Arc::new(disk),
            directory.to_str().unwrap(),
        );
        live(world, seed, 120);
    }
    OsFileSystem.remove_tree(root.to_str().unwrap()).unwrap();
}

#[test]
fn d1_without_a_seed_everything_not_flushed_is_gone_and_everything_flushed_is_there() {
    let mut world = World::new(7);
    let bytes = batch(1, "kept", 1);
    for _ in 0..5 {
        world.batches.push(append(&mut lock(&world.log), &bytes, 1));
    }
    flush(&world.log, false).unwrap();
    for _ in 0..3 {
        world.batches.push(append(&mut lock(&world.log), &bytes, 1));
    }
    assert_eq!(world.power_loss(None), 5);
    assert_eq!(world.power_loss(None), 5);
}

#[test]
fn d2_a_kill_loses_nothing_because_the_page_cache_survives() {
    let mut world = World::new(1);
    let mut chance = Chance::new(1);
    for number in 0..200 {
        world.step(&mut chance, number);
    }
    let mut log = open_log(&world.fs, DIRECTORY, 0, 0, false);
    assert_eq!(read_all(&mut log, 0), world.batches);
    assert_eq!(log.log_end_offset(), lock(&world.log).log_end_offset());
}

#[test]
fn d7_after_a_failed_sync_the_log_is_offline_for_good() {
    let world = World::new(1);
    append(&mut lock(&world.log), &batch(1, "lost", 1), 1);
    let Disk::Simulated(disk) = &world.disk else {
        unreachable!()
    };
    disk.fail_sync("/data", 1);
    assert!(flush(&world.log, false).is_err());
    assert!(
        flush(&world.log, false).is_err(),
        "a sync that failed is never tried again"
    );
    assert!(
        lock(&world.log)
            .append_as_leader(&batch(1, "x", 1), 1, None)
            .is_err()
    );
    assert_eq!(lock(&world.log).recovery_point(), 0);
}

#[test]
fn d7_a_full_disk_takes_the_log_offline() {
    let world = World::new(1);
    let Disk::Simulated(disk) = &world.disk else {
        unreachable!()
    };
    disk.set_full(true);
    assert!(
        lock(&world.log)
            .append_as_leader(&batch(1, "x", 1), 1, None)
            .is_err()
    );
    disk.set_full(false);
    assert!(
        lock(&world.log)
            .append_as_leader(&batch(1, "x", 1), 1, None)
            .is_err()
    );
}

#[test]
fn d2_recovery_cuts_at_the_first_bad_byte_and_deletes_later_segments() {
    let world = World::new(1);
    let bytes = batch(2, "abcdefghij", 1);
    for _ in 0..SMALL.segment_bytes / bytes.len() as u64 * 3 {
        append(&mut lock(&world.log), &bytes, 1);
    }
    let (first, count) = {
        let log = lock(&world.log);
        (log.segments()[1], log.segment_count())
    };
    assert!(count > 2);
    // Damage the second batch of the second segment, as a zeroed sector would.
    let path = format!("{}/{:020}.log", DIRECTORY, first.base_offset);
    let mut content = minikafka_log::files::read_file(&*world.fs, &path)
        .unwrap()
        .unwrap();
    content[bytes.len() + 30..bytes.len() + 40].fill(0);
    minikafka_log::files::write_file(&*world.fs, &path, &content).unwrap();
    let mut log = open_log(&world.fs, DIRECTORY, 0, 0, false);
    assert_eq!(log.log_end_offset(), first.base_offset + 2);
    assert_eq!(log.segment_count(), 2);
    assert_eq!(
        read_all(&mut log, 0).len() as i64,
        (first.base_offset + 2) / 2
    );
}
