//! D6, L16: a cleaning cut off at any moment leaves a log with the last record of every key, old segments or new.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod common;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use common::{DIRECTORY, append, open_log, read_all};
use minikafka_log::batch::{
    BatchHeader, BatchOptions, Keep, NewRecord, Records, Retention, build_batch, unpack,
};
use minikafka_log::error::Result;
use minikafka_log::fs::{File, FileSystem, SimulatedDisk};
use minikafka_log::log::{Cleaning, Log};

const RETENTION: Retention = Retention {
    keep: Keep::Some,
    keep_empty: false,
    drop_tombstones: false,
    delete_horizon: None,
};

/// A disk that stops for good after so many changes of names.
#[derive(Debug)]
struct Stopping {
    disk: SimulatedDisk,
    left: AtomicI64,
}

impl Stopping {
    fn step(&self) -> io::Result<()> {
        if self.left.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        Err(io::Error::other("the machine stopped"))
    }
}

impl FileSystem for Stopping {
    fn open(&self, path: &str, create: bool) -> io::Result<Arc<dyn File>> {
        if create && self.disk.length(path)?.is_none() {
            self.step()?;
        }
        self.disk.open(path, create)
    }

    fn length(&self, path: &str) -> io::Result<Option<u64>> {
        self.disk.length(path)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.disk.list(directory)
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        self.disk.create_directory(path)
    }

    fn rename(&self, source: &str, target: &str) -> io::Result<()> {
        self.step()?;
        self.disk.rename(source, target)
    }

    fn remove_file(&self, path: &str) -> io::Result<bool> {
        self.step()?;
        self.disk.remove_file(path)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.disk.remove_tree(path)
    }

    fn sync_directory(&self, path: &str) -> io::Result<()> {
        self.step()?;
        self.disk.sync_directory(path)
    }
}

/// Twelve batches of three keys each, all synced, the last ones in the active segment.
fn fill(log: &mut Log) {
    for number in 0_u8..48 {
        let keys = [[number % 5], [number % 3], [number % 7 + 10]];
        let value = [number; 60];
        let records: Vec<_> = keys
            .iter()
            .map(|key| NewRecord {
                timestamp: i64::from(number),
                key: Some(key),
                value: Some(&value),
                headers: &[],
            })
            .collect();
        append(
            log,
            &build_batch(&records, BatchOptions::default()).unwrap(),
            i64::from(number),
        );
    }
}

/// (key, offset) of every record.
fn records(log: &mut Log) -> Vec<(Vec<u8>, i64)> {
    let mut found = Vec::new();
    for batch in read_all(log, 0) {
        let header = BatchHeader::parse(&batch).unwrap();
        let bytes = unpack(&header, &batch).unwrap();
        for record in Records::new(header, &bytes) {
            let record = record.unwrap();
            found.push((record.key.unwrap().to_vec(), record.offset));
        }
    }
    found
}

/// Cleans everything inactive, pairs of segments into one.
fn clean(log: &mut Log) -> Result<bool> {
    let inactive: Vec<_> = log.segments().into_iter().rev().skip(1).rev().collect();
    let mut cleaning = log.begin_cleaning(i64::MAX, 1 << 20)?;
    for segment in &inactive {
        cleaning.read_segment(segment.base_offset);
        let count = cleaning.headers(1000)?.len();
        assert_eq!(cleaning.remember_keys(&vec![true; count])?, count);
    }
    for pair in inactive.chunks(2) {
        let bases: Vec<i64> = pair.iter().map(|segment| segment.base_offset).collect();
        cleaning.begin_segment(&bases)?;
        let end = pair.last().unwrap().next_offset;
        for base in bases {
            cleaning.read_segment(base);
            write_all(&mut cleaning, end)?;
        }
        cleaning.end_segment()?;
    }
    log.swap_cleaned(&mut cleaning)
}

fn write_all(cleaning: &mut Cleaning, end: i64) -> Result<()> {
    let retentions: Vec<Retention> = cleaning
        .headers(1000)?
        .iter()
        .map(|header| Retention {
            keep_empty: header.next_offset() == end,
            ..RETENTION
        })
        .collect();
    cleaning.write(&retentions)
}

#[test]
fn d6_a_cleaning_cut_off_at_any_moment_leaves_the_last_record_of_every_key() {
    let mut stopped = 0;
    for steps in 0..120 {
        for seed in [None, Some(1), Some(2), Some(3)] {
            let disk = SimulatedDisk::new(steps);
            let stopping = Arc::new(Stopping {
                disk: disk.clone(),
                left: AtomicI64::new(i64::MAX),
            });
            let fs: Arc<dyn FileSystem> = Arc::clone(&stopping) as Arc<dyn FileSystem>;
            let mut log = open_log(&fs, DIRECTORY, 0, 0, false);
            fill(&mut log);
            let task = log.begin_flush(false).unwrap();
            assert!(log.end_flush(&task, task.run()).unwrap());
            let (before, end) = (records(&mut log), log.log_end_offset());
            assert!(log.segment_count() > 4);

            stopping.left.store(steps as i64, Ordering::Relaxed);
            let done = clean(&mut log);
            stopped += usize::from(done.is_err());
            let was_swapped = done.unwrap_or(false);
            stopping.left.store(i64::MAX, Ordering::Relaxed);
            disk.power_loss(DIRECTORY, seed);

            let mut log = open_log(&fs, DIRECTORY, end, 0, false);
            let after = records(&mut log);
            assert_eq!(log.log_end_offset(), end, "steps {steps}, seed {seed:?}");
            assert!(after.iter().all(|record| before.contains(record)));
            assert!(after.iter().map(|(_, offset)| offset).is_sorted());
            let last = |found: &[(Vec<u8>, i64)]| -> BTreeMap<Vec<u8>, i64> {
                found.iter().cloned().collect()
            };
            assert_eq!(last(&after), last(&before), "steps {steps}, seed {seed:?}");
            if was_swapped {
                assert!(after.len() < before.len());
            }
            let names = fs.list(DIRECTORY).unwrap();
            let is_leftover =
                |name: &String| [".swap", ".cleaned"].iter().any(|end| name.ends_with(end));
            assert!(!names.iter().any(is_leftover), "{names:?}");
        }
    }
    assert!(stopped > 100, "the moments lie within the cleaning");
    assert!(stopped < 480, "and the last ones after it");
}

#[test]
fn d7_a_disk_that_fails_under_a_cleaning_takes_the_log_offline() {
    let disk = SimulatedDisk::new(1);
    let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
    let mut log = open_log(&fs, DIRECTORY, 0, 0, false);
    fill(&mut log);
    let mut cleaning = log.begin_cleaning(i64::MAX, 1 << 20).unwrap();
    let base = log.segments()[0].base_offset;
    cleaning.begin_segment(&[base]).unwrap();
    disk.fail_sync(DIRECTORY, 1);
    assert!(cleaning.end_segment().is_err());
    assert!(log.swap_cleaned(&mut cleaning).is_err());
    assert!(log.failure().is_some());
}
