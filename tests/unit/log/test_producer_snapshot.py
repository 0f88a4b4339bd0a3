"""The producer snapshot file (I9)."""

from __future__ import annotations

from minikafka.log import producer_snapshot
from minikafka.log.producer_state import ProducerState, ProducerStates, RememberedBatch

from tests.unit.log.headers import data, marker


def states() -> list[ProducerState]:
    known = ProducerStates()
    for sequence in range(3):
        known.remember(
            data(10 + sequence, producer_id=1, epoch=2, sequence=sequence, timestamp=100 + sequence)
        )
    known.remember(data(20, 4, producer_id=2, sequence=2**31 - 2, transactional=True))
    known.remember_marker(marker(30, producer_id=3, epoch=5, coordinator_epoch=8, timestamp=70))
    return known.all()


def test_i9_only_the_last_batch_of_each_producer_is_kept() -> None:
    """Read back, the window of five is one deep; epochs, markers and open transactions are whole."""
    first, second, third = producer_snapshot.decode(producer_snapshot.encode(states())) or []
    assert (first.producer_id, first.epoch, first.last_timestamp_ms) == (1, 2, 102)
    assert first.batches == [RememberedBatch(2, 2, 12, 12, 102)]
    assert not first.has_open_transaction
    assert second.batches == [RememberedBatch(2**31 - 2, 1, 20, 23, 1_000)]
    assert second.current_transaction_first_offset == 20
    assert (third.epoch, third.coordinator_epoch, third.batches, third.last_timestamp_ms) == (5, 8, [], 70)


def test_i9_the_file_is_kafkas() -> None:
    """int16 version 1, CRC-32C of the rest, int32 count, 46 bytes per producer."""
    file = producer_snapshot.encode(states())
    assert file[:2] == b"\0\1"
    assert file[6:10] == b"\0\0\0\3"
    assert len(file) == 10 + 3 * 46
    assert file[10:24] == (1).to_bytes(8, "big") + (2).to_bytes(2, "big") + (2).to_bytes(4, "big")


def test_i9_a_damaged_file_is_refused() -> None:
    """Any flipped byte, and any cut, is noticed."""
    file = producer_snapshot.encode(states())
    for position in range(len(file)):
        damaged = bytearray(file)
        damaged[position] ^= 1
        assert producer_snapshot.decode(damaged) is None
        assert producer_snapshot.decode(file[:position]) is None


def test_i9_the_name_carries_the_offset() -> None:
    """`<20 digits>.snapshot`; other files are none."""
    assert producer_snapshot.file_name(42) == "00000000000000000042.snapshot"
    assert producer_snapshot.offset_of("00000000000000000042.snapshot") == 42
    assert producer_snapshot.offset_of("00000000000000000042.log") is None
    assert producer_snapshot.offset_of("x.snapshot") is None
