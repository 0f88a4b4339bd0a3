//! Faults planted on a disk: what they strike, how often, and that healing ends them.

#![allow(clippy::unwrap_used)]

use std::io::ErrorKind;
use std::sync::Arc;

use minikafka_log::fs::{
    DiskFault, FaultyDisk, File, FileSystem, OsFileSystem, SimulatedDisk, Strikes,
};

fn disk_with(path: &str) -> (FaultyDisk, Arc<dyn File>) {
    let simulated = SimulatedDisk::new(1);
    simulated.create_directory("/data").unwrap();
    simulated.create_directory("/data/t-0").unwrap();
    let disk = FaultyDisk::new(Arc::new(simulated));
    let file = disk.open(path, true).unwrap();
    (disk, file)
}

#[test]
fn a_sync_fails_as_often_as_it_was_told_to_after_those_passed_over() {
    let (disk, file) = disk_with("/data/t-0/0.log");
    let strikes = Strikes {
        skip: 1,
        times: Some(2),
    };
    disk.plant(7, "/data/t-0", DiskFault::FailSync, strikes);
    let outcomes: Vec<bool> = (0..5).map(|_| file.sync().is_ok()).collect();
    assert_eq!(outcomes, [true, false, false, true, true]);
    assert_eq!((disk.struck(7), disk.struck(8)), (2, 0));
}

#[test]
fn a_fault_concerns_what_lies_below_its_path_only() {
    let (disk, file) = disk_with("/data/t-0/0.log");
    for (number, path) in (1..).zip(["/data/t", "/data/t-00", "/data/t-0/0.log.x"]) {
        disk.plant(number, path, DiskFault::FailSync, Strikes::default());
    }
    file.sync().unwrap();
    disk.sync_directory("/data").unwrap();
    disk.plant(9, "/data", DiskFault::FailSync, Strikes::default());
    file.sync().unwrap_err();
    disk.sync_directory("/data").unwrap_err();
    assert_eq!(disk.struck(9), 2);
    disk.heal(9);
    file.sync().unwrap();
}

#[test]
fn a_disk_that_fills_up_takes_what_fits_and_refuses_the_rest_until_healed() {
    let (disk, file) = disk_with("/data/t-0/0.log");
    disk.plant(
        1,
        "/data",
        DiskFault::Full { after_bytes: 5 },
        Strikes::default(),
    );
    file.append(&[b"abc"]).unwrap();
    let error = file.append(&[b"d", b"ef"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    file.append(&[b"g"]).unwrap_err();
    let mut content = [0; 8];
    assert_eq!(file.read_at(&mut content, 0).unwrap(), 5);
    assert_eq!(&content[..5], b"abcde");
    assert_eq!(disk.struck(1), 2);
    disk.heal(1);
    file.append(&[b"h"]).unwrap();
}

#[test]
fn a_slow_disk_takes_its_time_for_segments_and_says_how_often() {
    let (disk, segment) = disk_with("/data/t-0/0.log");
    let index = disk.open("/data/t-0/0.index", true).unwrap();
    let times = Strikes {
        skip: 0,
        times: Some(1),
    };
    disk.plant(1, "/data", DiskFault::SlowSync { ms: 1 }, times);
    index.sync().unwrap();
    assert_eq!(disk.struck(1), 0);
    segment.sync().unwrap();
    segment.sync().unwrap();
    assert_eq!(disk.struck(1), 1);
}

#[test]
#[allow(clippy::disallowed_methods)] // hard links are made beside the disk, by whoever sets files aside
fn a_file_set_aside_by_a_second_name_stays_as_it_was_on_a_disk_that_could_fail() {
    let directory = std::env::temp_dir().join(format!("minikafka-owned-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (path, aside) = (directory.join("0.log"), directory.join("aside.log"));
    let disk = FaultyDisk::new(Arc::new(OsFileSystem));
    let file = disk.open(path.to_str().unwrap(), true).unwrap();
    file.append(&[b"then"]).unwrap();
    std::fs::hard_link(&path, &aside).unwrap();
    file.own().unwrap();
    file.append(&[b" and now"]).unwrap();
    let contents = [&aside, &path].map(|one| std::fs::read(one).unwrap());
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(contents, [b"then".to_vec(), b"then and now".to_vec()]);
}
