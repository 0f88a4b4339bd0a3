//! Batches that lie about themselves, and those that do not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod common;

use common::batch;
use minikafka_log::batch::{
    BatchHeader, RecordRules, Records, Timestamps, build_end_transaction_marker, check_records,
    inspect, stamped_header, unpack,
};
use minikafka_log::error::BatchErrorKind;
use minikafka_log::fs::Chance;

fn kind(data: &[u8]) -> BatchErrorKind {
    inspect(data, true).unwrap_err().kind
}

#[test]
fn l2_every_damaged_byte_under_the_crc_is_noticed() {
    let good = batch(3, "value", 5);
    for position in 17..good.len() {
        let mut bad = good.clone();
        bad[position] ^= 0x40;
        assert!(inspect(&bad, true).is_err(), "byte {position}");
    }
}

#[test]
fn l1_another_magic_and_a_batch_cut_short_have_names_of_their_own() {
    let mut old = batch(1, "value", 5);
    old[16] = 1;
    assert_eq!(kind(&old), BatchErrorKind::UnsupportedMagic);
    let good = batch(1, "value", 5);
    for length in 1..good.len() {
        assert_eq!(kind(&good[..length]), BatchErrorKind::Corrupt);
    }
}

#[test]
fn l3_a_stamp_leaves_the_crc_alone_and_another_timestamp_rewrites_it() {
    let sent = batch(2, "value", 5);
    let (create, append) = (Timestamps::Create, Timestamps::Append);
    for (timestamps, max_timestamp) in [
        (None, 5),
        (Some(create(5)), 5),
        (Some(create(4)), 4),
        (Some(append(99)), 99),
    ] {
        let mut written = stamped_header(&sent, 40, 7, timestamps).unwrap().to_vec();
        written.extend(&sent[61..]);
        let header = inspect(&written, true).unwrap()[0];
        assert_eq!(
            (
                header.base_offset,
                header.last_offset(),
                header.partition_leader_epoch
            ),
            (40, 41, 7)
        );
        assert_eq!(header.is_log_append_time(), timestamps == Some(append(99)));
        assert_eq!(header.max_timestamp, max_timestamp);
        let same_crc = header.crc == BatchHeader::parse(&sent).unwrap().crc;
        assert_eq!(same_crc, max_timestamp == 5);
    }
}

#[test]
fn i4_sequences_wrap_to_zero() {
    let mut bytes = batch(3, "value", 5);
    bytes[53..57].copy_from_slice(&(i32::MAX - 1).to_be_bytes());
    assert_eq!(BatchHeader::parse(&bytes).unwrap().last_sequence(), 0);
}

#[test]
fn t8_a_marker_tells_its_type_and_coordinator_epoch() {
    for (commit, control_type) in [(true, 1), (false, 0)] {
        let bytes = build_end_transaction_marker(commit, 9, 1000, 77, 3).unwrap();
        let header = inspect(&bytes, true).unwrap()[0];
        let marker = header.marker.unwrap();
        assert_eq!(
            (marker.control_type, marker.coordinator_epoch),
            (control_type, 9)
        );
        assert_eq!(
            (
                header.producer_id,
                header.producer_epoch,
                header.base_sequence
            ),
            (77, 3, -1)
        );
        assert!(header.is_control() && header.is_transactional());
    }
}

#[test]
fn l7_random_damage_never_panics_and_never_passes_for_records() {
    let good = batch(20, "some value or other", 5);
    for seed in 0..20_000 {
        let mut chance = Chance::new(seed);
        let mut bad = good.clone();
        for _ in 0..=chance.below(4) {
            let position = chance.below(bad.len());
            bad[position] = chance.below(256) as u8;
        }
        bad.truncate(1 + chance.below(bad.len() * 4));
        let Ok(headers) = inspect(&bad, false) else {
            continue;
        };
        for header in headers {
            let _ = check_records(&header, &bad, RecordRules::default());
            let Ok(records) = unpack(&header, &bad) else {
                continue;
            };
            let _ = Records::new(header, &records).take(100).count();
        }
    }
}
