"""I11: producer ids come in blocks."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.producer_ids import ProducerIds

from tests.unit.coordinator.fakes import START
from tests.unit.transaction.world import FakeBlocks


def test_i11_ids_are_handed_out_in_order_and_never_twice() -> None:
    """Across blocks too; the next block is asked for before this one is used up."""
    blocks = FakeBlocks()
    ids = ProducerIds(blocks)
    ids.when_ready(lambda _: None, START)
    assert [ids.take(START) for _ in range(25)] == list(range(1_000, 1_025))
    assert blocks.asked == 3


def test_i11_without_a_block_the_client_is_told_to_retry() -> None:
    """COORDINATOR_LOAD_IN_PROGRESS [14], and a block is asked for, once."""
    blocks = FakeBlocks()
    blocks.is_held = True
    ids = ProducerIds(blocks)
    for _ in range(2):
        with pytest.raises(Rejected) as refused:
            ids.take(START)
        assert refused.value.code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    assert blocks.asked == 1


def test_i11_a_failed_request_is_asked_again_for_whoever_waits() -> None:
    """The controller was away; nobody has to ask twice."""
    blocks = FakeBlocks()
    blocks.fails = True
    ids = ProducerIds(blocks)
    ready: list[int] = []
    ids.when_ready(lambda now: ready.append(ids.take(now)), START)
    assert ready == []
    blocks.fails = False
    blocks.retries.pop()(START)
    assert ready == [1_000]
