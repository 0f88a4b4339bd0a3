"""A leader appends (L1-L8, L14, I, R5-R7, T6, T8)."""

from __future__ import annotations

import struct

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import build_batch, crc32c, inspect_batches, read_records
from minikafka.partition.acks import ALL, LEADER
from minikafka.partition.partition import Isolation, Origin
from minikafka.partition.records import RecordsRejected

from tests.unit.partition.kit import WALL_MS, World, at, records

COMPACTED: dict[str, str | int] = {"cleanup.policy": "compact"}


def test_l1_a_partition_carries_exactly_one_batch() -> None:
    """No batch, two batches, a cut one, another magic: INVALID_RECORD."""
    world = World().lead()
    one = records()
    old = bytearray(one)
    old[16] = 1
    for data in (b"", one + one, one[:-1], bytes(old), one[:20]):
        assert world.refusal(data) is ErrorCode.INVALID_RECORD
    assert world.refusal(one) is ErrorCode.NONE


def test_l1_zstd_needs_produce_7() -> None:
    """Older produce versions may not carry it."""
    world = World().lead()
    zstd = bytearray(records())
    zstd[22] |= 4
    assert world.refusal(bytes(zstd), version=6) is ErrorCode.UNSUPPORTED_COMPRESSION_TYPE


def test_l2_the_first_failing_check_names_the_error() -> None:
    """Base offset before size, size before CRC, CRC before fields, fields before the segment's size."""
    world = World({"max.message.bytes": 80, "segment.bytes": 1 << 20}).lead()
    large = bytearray(records(b"x" * 100, base_offset=5))
    large[-1] ^= 1
    assert world.refusal(bytes(large)) is ErrorCode.INVALID_RECORD
    large[0:8] = bytes(8)
    assert world.refusal(bytes(large)) is ErrorCode.MESSAGE_TOO_LARGE
    roomy = World({"segment.bytes": 1 << 20}).lead()
    assert roomy.refusal(bytes(large)) is ErrorCode.CORRUPT_MESSAGE
    control = build_batch([(WALL_MS, b"k", b"v", ())], control=True)
    assert roomy.refusal(control) is ErrorCode.INVALID_RECORD
    assert roomy.log.log_end_offset == 0


def test_l2_min_isr_is_asked_before_the_batch_is_looked_at() -> None:
    """NOT_ENOUGH_REPLICAS even for a batch that is corrupt."""
    world = World({"min.insync.replicas": 2}).lead((1, 2), isr=(1,))
    corrupt = bytearray(records())
    corrupt[-1] ^= 1
    assert world.refusal(bytes(corrupt), acks=ALL) is ErrorCode.NOT_ENOUGH_REPLICAS
    assert world.refusal(bytes(corrupt), acks=LEADER) is ErrorCode.CORRUPT_MESSAGE


def test_l2_a_batch_larger_than_a_segment_is_refused() -> None:
    """RECORD_LIST_TOO_LARGE, when max.message.bytes would have let it pass."""
    assert (
        World({"segment.bytes": 100}).lead().refusal(records(b"x" * 100)) is ErrorCode.RECORD_LIST_TOO_LARGE
    )


def test_l2_a_duplicate_may_roll_a_segment() -> None:
    """The roll comes before duplicate detection, so a retry can cause it; nothing is written."""
    world = World({"segment.bytes": 150}).lead()
    batch = records(b"x" * 30, producer_id=7, epoch=0, sequence=0)
    world.append(batch)
    assert world.log.port.segment_count == 1
    assert world.append(batch).duplicate
    assert (world.log.port.segment_count, world.log.log_end_offset) == (2, 1)


def test_l3_the_leader_stamps_offset_and_epoch_outside_the_crc() -> None:
    """The bytes written carry the log end offset and the leader epoch, and still their CRC."""
    world = World().lead(epoch=4)
    world.append(records(b"a", b"b"))
    world.append(records(b"c"))
    first, second = inspect_batches(world.read().records, verify_crc=True)
    assert (first.base_offset, first.last_offset, second.base_offset) == (0, 1, 2)
    assert {first.partition_leader_epoch, second.partition_leader_epoch} == {4}


def test_l4_a_producers_batch_has_a_sequence() -> None:
    """A producer id without a sequence: INVALID_RECORD."""
    assert World().lead().refusal(records(producer_id=7, epoch=0, sequence=-1)) is ErrorCode.INVALID_RECORD


def test_l5_a_compacted_topic_wants_keys() -> None:
    """A null key fails the batch, naming the record."""
    world = World(COMPACTED).lead()
    batch = build_batch([(WALL_MS, b"k", b"1", ()), (WALL_MS, None, b"2", ())])
    with pytest.raises(RecordsRejected) as refused:
        world.append(batch)
    assert refused.value.code is ErrorCode.INVALID_RECORD
    assert [index for index, _ in refused.value.record_errors] == [1]
    assert world.log.log_end_offset == 0


def test_l6_a_timestamp_may_be_an_hour_ahead() -> None:
    """`message.timestamp.after.max.ms`: one ms more is INVALID_TIMESTAMP; -1 and the distant past pass."""
    world = World().lead()
    hour = 3_600_000
    assert world.refusal(records(timestamp=WALL_MS + hour)) is ErrorCode.NONE
    assert world.refusal(records(timestamp=WALL_MS + hour + 1)) is ErrorCode.INVALID_TIMESTAMP
    assert world.refusal(records(timestamp=-1)) is ErrorCode.NONE
    assert world.refusal(records(timestamp=0)) is ErrorCode.NONE


def test_l6_a_timestamp_may_be_bounded_below() -> None:
    """`message.timestamp.before.max.ms` refuses the distant past; -1 still passes."""
    world = World({"message.timestamp.before.max.ms": 1_000}).lead()
    assert world.refusal(records(timestamp=WALL_MS - 1_001)) is ErrorCode.INVALID_TIMESTAMP
    assert world.refusal(records(timestamp=WALL_MS - 1_000)) is ErrorCode.NONE
    assert world.refusal(records(timestamp=-1)) is ErrorCode.NONE


def test_l6_log_append_time_is_the_brokers() -> None:
    """The batch is stamped with broker time, answered with it, and read with it; a client may not claim it."""
    world = World({"message.timestamp.type": "LogAppendTime"}).lead()
    appended = world.append(records(timestamp=5), ms=50)
    assert appended.log_append_time_ms == WALL_MS + 50
    assert [record.timestamp for record in read_records(world.read().records)] == [WALL_MS + 50]
    claimed = build_batch([(WALL_MS, b"k", b"v", ())], log_append_time=True)
    assert world.refusal(claimed) is ErrorCode.INVALID_TIMESTAMP


def test_l7_a_timestamp_error_wins_over_a_key_error() -> None:
    """All or nothing; if any record has a bad timestamp the code is INVALID_TIMESTAMP, and both are named."""
    world = World(COMPACTED).lead()
    late = WALL_MS + 10 * 3_600_000
    batch = build_batch([(WALL_MS, None, b"1", ()), (WALL_MS, b"k", b"2", ()), (late, b"k", b"3", ())])
    with pytest.raises(RecordsRejected) as refused:
        world.append(batch)
    assert refused.value.code is ErrorCode.INVALID_TIMESTAMP
    assert [index for index, _ in refused.value.record_errors] == [0, 2]


def test_l8_a_duplicate_answers_the_timestamp_of_the_first_copy() -> None:
    """Even under CreateTime, where a first copy answers -1."""
    world = World().lead()
    batch = records(producer_id=7, epoch=0, sequence=0, timestamp=WALL_MS - 9)
    assert world.append(batch).log_append_time_ms == -1
    again = world.append(batch)
    assert (again.duplicate, again.base_offset, again.log_append_time_ms) == (True, 0, WALL_MS - 9)


def test_l14_acks_1_is_answered_after_the_local_append() -> None:
    """Replication does not matter to it, nor does min ISR."""
    world = World({"min.insync.replicas": 2}).lead((1, 2), isr=(1,))
    appended = world.append(acks=LEADER)
    assert world.acked(appended, LEADER) is ErrorCode.NONE


def test_l15_flush_messages_syncs_within_the_append() -> None:
    """With flush.messages=2 every second record moves the recovery point."""
    world = World({"flush.messages": 2}).lead()
    world.append()
    assert world.log.recovery_point == 0
    world.append()
    assert world.log.recovery_point == 2


def test_i3_a_duplicate_under_acks_all_waits_for_its_first_copy() -> None:
    """A retry is answered only once the first copy is replicated."""
    world = World().lead((1, 2))
    batch = records(producer_id=7, epoch=0, sequence=0)
    world.append(batch, acks=ALL)
    again = world.append(batch, acks=ALL)
    assert (again.duplicate, world.acked(again)) == (True, None)
    world.ack(2, 1)
    assert world.acked(again) is ErrorCode.NONE


def test_r5_min_isr_is_capped_by_the_replica_count() -> None:
    """RF 1 with min ISR 2 accepts acks=all."""
    world = World({"min.insync.replicas": 2}).lead()
    assert world.acked(world.append(acks=ALL)) is ErrorCode.NONE


def test_r7_under_min_isr_nothing_is_written() -> None:
    """acks=all is refused before the append."""
    world = World({"min.insync.replicas": 2}).lead((1, 2, 3), isr=(1,))
    assert world.refusal(records(), acks=ALL) is ErrorCode.NOT_ENOUGH_REPLICAS
    assert world.log.log_end_offset == 0


def test_r7_acks_all_waits_for_the_high_watermark() -> None:
    """Every ISR member must have the last record."""
    world = World().lead((1, 2, 3))
    appended = world.append(acks=ALL)
    world.ack(2, 1)
    assert world.acked(appended) is None
    world.ack(3, 1)
    assert world.acked(appended) is ErrorCode.NONE


def test_r7_a_shrunk_isr_is_noticed_after_the_append() -> None:
    """The high watermark passes, but the ISR is under min ISR by then: NOT_ENOUGH_REPLICAS_AFTER_APPEND."""
    world = World({"min.insync.replicas": 2}).lead((1, 2))
    appended = world.append(acks=ALL)
    world.ack(2, 1)
    world.lead((1, 2), isr=(1,), partition_epoch=1)
    assert world.acked(appended) is ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND


def test_r7_leadership_lost_while_waiting() -> None:
    """NOT_LEADER_OR_FOLLOWER, also when the same broker leads again in a newer epoch."""
    world = World().lead((1, 2))
    appended = world.append(acks=ALL)
    world.follow(2, epoch=1)
    assert world.partition.acks_state(appended.last_offset, 0, ALL) is ErrorCode.NOT_LEADER_OR_FOLLOWER
    world.lead((1, 2), epoch=2)
    assert world.partition.acks_state(appended.last_offset, 0, ALL) is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_r7_only_a_leader_appends() -> None:
    """A follower answers NOT_LEADER_OR_FOLLOWER."""
    assert World().follow().refusal(records()) is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_t6_a_transactional_batch_names_its_transactional_id() -> None:
    """Without one: TRANSACTIONAL_ID_AUTHORIZATION_FAILED."""
    batch = records(producer_id=7, epoch=0, sequence=0, transactional=True)
    world = World().lead()
    assert world.refusal(batch, transactional_id=None) is ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert world.refusal(batch) is ErrorCode.NONE


def test_t6_an_append_overtaken_by_a_marker_is_refused() -> None:
    """The guard made before asking the coordinator is gone once a marker was written: INVALID_TXN_STATE."""
    world = World().lead()
    first = records(producer_id=7, epoch=0, sequence=0, transactional=True)
    guard = world.partition.verifications.begin(7, 0, 0)
    world.end(7, 0, commit=False)
    with pytest.raises(Rejected) as refused:
        world.partition.append(first, acks=LEADER, now=at(), transactional_id="t", guard=guard)
    assert refused.value.code is ErrorCode.INVALID_TXN_STATE
    guard = world.partition.verifications.begin(7, 0, 0)
    world.partition.append(first, acks=LEADER, now=at(), transactional_id="t", guard=guard)
    assert world.partition.has_transaction(7, 0)
    assert not world.partition.has_transaction(7, 1)


def test_t8_a_marker_is_one_control_batch_that_takes_an_offset() -> None:
    """Its own offset, the transactional and control flags, base sequence -1; the transaction is over."""
    world = World().lead(epoch=3)
    world.append(records(b"a", b"b", producer_id=7, epoch=0, sequence=0, transactional=True))
    appended = world.end(7, 0, commit=True, coordinator_epoch=5)
    assert (appended.base_offset, appended.last_offset) == (2, 2)
    marker = inspect_batches(world.read(2).records)[0]
    assert (marker.is_control, marker.is_transactional, marker.base_sequence) == (True, True, -1)
    assert (marker.control_type, marker.coordinator_epoch, marker.partition_leader_epoch) == (1, 5, 3)
    assert not world.partition.has_transaction(7, 0)


def test_t8_a_marker_is_written_with_acks_all() -> None:
    """Refused under min ISR like any acks=all write."""
    world = World({"min.insync.replicas": 2}).lead((1, 2), isr=(1,))
    with pytest.raises(Rejected) as refused:
        world.end(7, 0, commit=True)
    assert refused.value.code is ErrorCode.NOT_ENOUGH_REPLICAS


def test_i1_a_coordinators_transactional_batch_needs_no_sequence() -> None:
    """Offsets committed in a transaction open it in `__consumer_offsets`, without sequence or transactional id."""
    world = World().lead()
    world.append(
        records(producer_id=7, epoch=0, transactional=True), origin=Origin.COORDINATOR, transactional_id=None
    )
    assert world.partition.has_transaction(7, 0)
    assert world.read(0, Isolation.READ_COMMITTED).records == b""


def test_d7_a_failed_disk_takes_the_replica_offline() -> None:
    """The append hears KAFKA_STORAGE_ERROR, and so does everything after it."""
    world = World().lead()

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    world.log.port.append_as_leader = fail  # type: ignore[method-assign,assignment]
    assert world.refusal(records()) is ErrorCode.KAFKA_STORAGE_ERROR
    assert not world.partition.is_leader
    assert world.refusal(records()) is ErrorCode.KAFKA_STORAGE_ERROR
    assert world.partition.acks_state(0, 0, ALL) is ErrorCode.KAFKA_STORAGE_ERROR
    assert not world.partition.wants_flush


@pytest.mark.parametrize("compression", [0, 1, 2, 3, 4])
def test_l3_a_compressed_batch_is_opened_to_look_at_its_records(compression: int) -> None:
    """Keys and timestamps are checked inside, and the bytes kept as they were sent."""
    world = World(COMPACTED).lead()
    good = build_batch([(WALL_MS, b"k", b"v" * 50, ())] * 3, compression=compression)
    bad = build_batch([(WALL_MS, b"k", b"v", ()), (WALL_MS, None, b"v", ())], compression=compression)
    with pytest.raises(RecordsRejected) as refused:
        world.append(bad)
    assert [index for index, _ in refused.value.record_errors] == [1]
    world.append(good)
    assert world.read().records[61:] == good[61:]


def test_l3_the_largest_timestamp_in_the_header_becomes_that_of_the_records() -> None:
    """A client may claim any; retention and lookups by time go by it, so the leader writes the true one."""
    world = World().lead()
    lying = bytearray(records(b"a", timestamp=WALL_MS - 5))
    struct.pack_into(">q", lying, 35, WALL_MS + 10**12)
    struct.pack_into(">I", lying, 17, crc32c(bytes(lying[21:])))
    world.append(bytes(lying))
    (header,) = inspect_batches(world.read().records)
    assert header.max_timestamp == WALL_MS - 5


def test_l6_under_create_time_the_log_append_time_flag_is_cleared() -> None:
    """Kafka takes such a batch: its timestamp is the header's, which is checked as every other is."""
    world = World().lead()
    world.append(build_batch([(WALL_MS, b"k", b"v", ())], log_append_time=True))
    (header,) = inspect_batches(world.read().records)
    assert (header.is_log_append_time, header.max_timestamp) == (False, WALL_MS)
    early = build_batch([(WALL_MS + 10**10, b"k", b"v", ())], log_append_time=True)
    assert world.refusal(early) is ErrorCode.INVALID_TIMESTAMP
    without = build_batch([(-1, b"k", b"v", ())], log_append_time=True)
    assert world.refusal(without) is ErrorCode.INVALID_TIMESTAMP


@pytest.mark.parametrize(
    ("compression_type", "stored"),
    [("uncompressed", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4), ("producer", 1)],
)
def test_l3_compression_type_is_what_the_log_holds(compression_type: str, stored: int) -> None:
    """Whatever the client sent (gzip here); `producer` leaves the choice to it. Offsets and sequence stay."""
    world = World({"compression.type": compression_type}).lead()
    rows = [(WALL_MS + number, b"k", b"value" * number, ()) for number in range(20)]
    sent = build_batch(rows, compression=1, producer_id=7, producer_epoch=0, base_sequence=0)
    assert world.append(sent).last_offset == 19
    (header,) = inspect_batches(world.read().records)
    assert (header.compression, header.producer_id, header.last_sequence) == (stored, 7, 19)
    assert [record.value for record in read_records(world.read().records)] == [row[2] for row in rows]
    assert world.append(sent).duplicate


def test_l2_a_batch_that_grew_by_recompression_is_measured_again() -> None:
    """`max.message.bytes` holds for what was sent and for what would be stored."""
    sent = build_batch([(WALL_MS, b"k", b"v" * 5000, ())], compression=1)
    limit: dict[str, str | int] = {"max.message.bytes": 1000}
    assert World(limit).lead().refusal(sent) is ErrorCode.NONE
    unpacked = World({**limit, "compression.type": "uncompressed"}).lead()
    assert unpacked.refusal(sent) is ErrorCode.MESSAGE_TOO_LARGE
    small = World({"compression.type": "uncompressed", "segment.bytes": 1000}).lead()
    assert small.refusal(sent) is ErrorCode.RECORD_LIST_TOO_LARGE
