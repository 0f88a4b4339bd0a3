"""Batches: inspect, build, read back, check record by record (L1-L7, I4, T8)."""

from __future__ import annotations

import random

import google_crc32c
import pytest
from minikafka._core import (
    BatchError,
    BatchHeader,
    build_batch,
    build_end_transaction_marker,
    crc32c,
    inspect_batches,
    read_records,
    recompress_batch,
    validate_records,
)

from tests.unit.core.logs import Records, batch

COMPRESSIONS = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}


def kind_of(data: bytes) -> str:
    with pytest.raises(BatchError) as caught:
        inspect_batches(data)
    return caught.value.kind


def test_l2_the_crc_is_crc_32c_of_what_follows_it() -> None:
    """The oracle is another implementation of CRC-32C, over attributes to the end."""
    data = batch(b"value")
    assert inspect_batches(data)[0].crc == google_crc32c.value(data[21:]) == crc32c(data[21:])


def test_l2_a_flipped_bit_is_corrupt_unless_nobody_asks() -> None:
    """Followers and leaders verify; who has verified before need not again."""
    data = bytearray(batch(b"value"))
    data[-1] ^= 1
    assert kind_of(bytes(data)) == "corrupt"
    assert inspect_batches(data, verify_crc=False)[0].record_count == 1


def test_l1_a_buffer_holds_whole_batches_and_nothing_else() -> None:
    """Two batches are two headers; a cut one is corrupt, an old magic has a kind of its own."""
    data = batch(b"a") + batch(b"b", b"c")
    assert [header.record_count for header in inspect_batches(memoryview(data))] == [1, 2]
    assert kind_of(data[:-1]) == "corrupt"
    assert kind_of(data[:16] + b"\x01" + data[17:]) == "unsupported_magic"
    assert inspect_batches(b"") == []


@pytest.mark.parametrize("compression", COMPRESSIONS, ids=COMPRESSIONS.values())
def test_l7_records_survive_every_compression(compression: int) -> None:
    """What was built is read back: offsets, timestamps, nulls, headers."""
    records: Records = [
        (1000, b"key", b"value", [("name", b"x"), ("name", None)]),
        (999, None, None, []),
        (5000, b"", b"v" * 100_000, []),
    ]
    data = build_batch(records, base_offset=7, compression=compression)
    found = read_records(data)
    assert [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in found] == [
        (7 + index, *record) for index, record in enumerate(records)
    ]
    assert inspect_batches(data)[0].compression == compression
    assert inspect_batches(data)[0].max_timestamp == 5000


@pytest.mark.parametrize("compression", COMPRESSIONS, ids=COMPRESSIONS.values())
def test_l5_a_compacted_topic_refuses_null_keys(compression: int) -> None:
    """Each record without a key is named by its place in the batch, compressed or not."""
    records: Records = [(1000, key, b"value", []) for key in (b"key", None, b"key", None)]
    data = build_batch(records, compression=compression)
    errors, _ = validate_records(data, require_keys=True, min_timestamp=None, max_timestamp=None)
    assert [(error.batch_index, error.kind) for error in errors] == [(1, "key"), (3, "key")]
    assert validate_records(data, require_keys=False, min_timestamp=None, max_timestamp=None) == ([], 1000)


def test_l6_timestamps_out_of_range_are_named_and_minus_one_passes() -> None:
    """Both bounds are inclusive; a record without a timestamp has nothing to check."""
    records: Records = [(timestamp, None, b"", []) for timestamp in (9, 10, 20, 21, -1)]
    errors, largest = validate_records(
        build_batch(records), require_keys=False, min_timestamp=10, max_timestamp=20
    )
    assert [(error.batch_index, error.kind) for error in errors] == [(0, "timestamp"), (3, "timestamp")]
    assert largest == 21


def test_l4_a_record_count_that_lies_is_invalid() -> None:
    """The header's count is believed for nothing: records are counted."""
    data = bytearray(batch(b"a", b"b"))
    for count in (1, 3):
        data[57:61] = count.to_bytes(4, "big")
        with pytest.raises(BatchError) as caught:
            validate_records(data, require_keys=False, min_timestamp=None, max_timestamp=None)
        assert caught.value.kind == "invalid"


def test_l7_a_small_batch_that_unpacks_to_a_flood_is_refused() -> None:
    """300 MiB of zeros fit in a few kilobytes of zstd; unpacking stops at the cap."""
    data = build_batch([(0, None, bytes(300 << 20), [])], compression=4)
    assert len(data) < 100_000
    for use in (read_records, _validate):
        with pytest.raises(BatchError) as caught:
            use(data)
        assert caught.value.kind == "too_large"


def _validate(data: bytes) -> object:
    return validate_records(data, require_keys=False, min_timestamp=None, max_timestamp=None)


@pytest.mark.parametrize("compression", list(COMPRESSIONS)[1:])
def test_l7_a_damaged_stream_is_corrupt_or_invalid(compression: int) -> None:
    """Whatever byte of the packed records is wrong, the answer is a BatchError or the right records."""
    data = build_batch([(0, b"k", b"value" * 50, [])], compression=compression)
    kinds = {_kind_or_fine(data, position) for position in range(61, len(data))}
    assert kinds <= {"fine", "corrupt", "invalid", "too_large"}
    assert "fine" not in kinds or len(kinds) > 1


def _kind_or_fine(data: bytes, position: int) -> str:
    bad = bytearray(data)
    bad[position] ^= 0x55
    try:
        _validate(bytes(bad))
    except BatchError as error:
        return error.kind
    return "fine"


def test_i4_the_last_sequence_wraps_to_zero() -> None:
    """After 2147483647 comes 0; without a sequence it stays -1."""
    data = build_batch([(0, None, b"", [])] * 3, producer_id=1, producer_epoch=0, base_sequence=2**31 - 2)
    assert inspect_batches(data)[0].last_sequence == 0
    assert inspect_batches(batch(b"a", b"b"))[0].last_sequence == -1


@pytest.mark.parametrize(("commit", "control_type"), [(False, 0), (True, 1)])
def test_t8_a_marker_is_one_control_record(commit: bool, control_type: int) -> None:
    """Key {version 0, type}, value {version 0, coordinator epoch}; transactional, control, no sequence."""
    data = build_end_transaction_marker(
        producer_id=9, producer_epoch=2, commit=commit, coordinator_epoch=5, timestamp=77
    )
    header = inspect_batches(data)[0]
    assert (header.control_type, header.coordinator_epoch, header.base_sequence) == (control_type, 5, -1)
    assert (header.is_control, header.is_transactional, header.max_timestamp) == (True, True, 77)
    [record] = read_records(data)
    assert record.key == bytes([0, 0, 0, control_type])
    assert record.value == bytes(2) + (5).to_bytes(4, "big")


def test_a_header_is_a_value() -> None:
    """Frozen, comparable, hashable, and made from keywords in tests."""
    header = BatchHeader(base_offset=5, record_count=3, producer_id=1, base_sequence=10)
    assert (header.last_offset, header.last_sequence) == (7, 12)
    assert header == BatchHeader(base_offset=5, record_count=3, producer_id=1, base_sequence=10)
    assert len({header, BatchHeader()}) == 2
    with pytest.raises(AttributeError):
        header.base_offset = 6  # type: ignore[misc]


def test_l4_an_lz4_frame_cut_in_its_end_mark_or_checksum_is_damaged() -> None:
    """Every record is there, but Kafka waits for the mark and refuses; so do we."""
    whole = build_batch([(1000, b"key", b"value" * 50, [])], compression=3)
    _validate(whole)
    for cut in range(1, 5):
        data = bytearray(whole[:-cut])
        data[8:12] = (len(data) - 12).to_bytes(4, "big")
        data[17:21] = crc32c(bytes(data[21:])).to_bytes(4, "big")
        with pytest.raises(BatchError) as caught:
            _validate(bytes(data))
        assert caught.value.kind == "corrupt"


@pytest.mark.parametrize("to", COMPRESSIONS)
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_l3_recompression_keeps_every_record_and_the_header(compression: int, to: int) -> None:
    """Only compression, length and checksum change; the levels differ in size alone."""
    records: Records = [(1000 + number, b"key", b"value" * number, [("h", b"x")]) for number in range(40)]
    sent = build_batch(records, compression=compression, producer_id=7, producer_epoch=1, base_sequence=5)
    packed = recompress_batch(sent, compression=to)
    (before,), (after,) = inspect_batches(sent), inspect_batches(packed)
    assert (after.compression, after.size_bytes) == (to, len(packed))
    kept = (
        "producer_id",
        "producer_epoch",
        "base_sequence",
        "last_offset_delta",
        "max_timestamp",
        "record_count",
    )
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    content = [
        [
            (record.offset, record.timestamp, record.key, record.value, record.headers)
            for record in read_records(data)
        ]
        for data in (sent, packed)
    ]
    assert content[0] == content[1]


@pytest.mark.parametrize(("compression", "low", "high"), [(1, 1, 9), (4, -50, 19)])
def test_l3_a_higher_level_packs_smaller(compression: int, low: int, high: int) -> None:
    """`compression.gzip.level` and `compression.zstd.level`."""
    chance = random.Random(1)
    words = [b"%d" % chance.randrange(1000) for _ in range(3000)]
    sent = build_batch([(1000, b"key", b" ".join(words), [])])
    sizes = [len(recompress_batch(sent, compression=compression, level=level)) for level in (low, high)]
    assert sizes[1] < sizes[0]
