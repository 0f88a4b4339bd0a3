"""The controller as brokers meet it: frames in, frames out, and a log that comes first."""

from __future__ import annotations

from minikafka._core import read_records
from minikafka.controller.image import MetadataImage
from minikafka.effects import FlushFailed, StopRequested
from minikafka.errors import ErrorCode
from minikafka.wire import codec
from minikafka.wire.messages.allocate_producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)
from minikafka.wire.messages.alter_partition import (
    AlterPartitionRequest,
    AlterPartitionRequestPartitionData,
    AlterPartitionRequestTopicData,
    AlterPartitionResponse,
    BrokerState,
)
from minikafka.wire.messages.create_topics import CreatableTopic, CreateTopicsRequest, CreateTopicsResponse
from minikafka.wire.messages.envelope import EnvelopeRequest, EnvelopeResponse
from minikafka.wire.messages.fetch import FetchPartition, FetchRequest, FetchResponse, FetchTopic
from minikafka.wire.messages.update_features import (
    FeatureUpdateKey,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)

from tests.unit.controller.world import World

SESSION_MS = 9000


def create(name: str = "orders", partitions: int = 1, replicas: int = 3) -> CreateTopicsRequest:
    topic = CreatableTopic(name=name, num_partitions=partitions, replication_factor=replicas)
    return CreateTopicsRequest(topics=[topic], timeout_ms=1000)


def fetch(offset: int, max_wait_ms: int = 500) -> FetchRequest:
    asked = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
    topic = FetchTopic(topic="__cluster_metadata", partitions=[asked])
    return FetchRequest(replica_id=1, max_wait_ms=max_wait_ms, min_bytes=1, max_bytes=1 << 20, topics=[topic])


def image_of(world: World) -> MetadataImage:
    """What a broker makes of the log."""
    answer = world.ask(fetch(0), 12, FetchResponse)
    records = read_records(bytes(answer.responses[0].partitions[0].records or b""))
    messages = [codec.decode_metadata_record(record.value) for record in records if record.value is not None]
    return MetadataImage().apply(messages, records[-1].offset)


def test_brokers_and_controller_make_the_same_image() -> None:
    """A broker that fetches the log from its start knows exactly what the controller knows."""
    world = World()
    world.start_brokers(1, 2, 3)
    world.ask(create(partitions=4), 7, CreateTopicsResponse)
    assert image_of(world) == world.node.image


def test_d2_a_restarted_controller_goes_on_where_its_log_ends() -> None:
    """Everything decided is in the log: topics, registrations, epochs, features, producer ids."""
    world = World()
    epochs = world.start_brokers(1, 2, 3)
    world.ask(create(), 7, CreateTopicsResponse)
    before = world.node.image
    world.boot()
    assert world.node.image == before
    assert not world.beat(1, epochs[1]).is_fenced


def test_nothing_is_told_before_it_is_on_disk() -> None:
    """The controller's high watermark is its fsynced offset: no answer, no fetch sees past it."""
    world = World()
    world.start_brokers(1, 2, 3)
    end = world.node.image.offset + 1
    world.auto_flush = False
    creating = world.send(create(), 7)
    fetching = world.send(fetch(end, max_wait_ms=0), 12)
    assert world.answer(creating, create(), 7) is None
    seen = world.answer(fetching, fetch(end), 12)
    assert isinstance(seen, FetchResponse)
    assert not seen.responses[0].partitions[0].records
    world.flush()
    told = world.answer(creating, create(), 7)
    assert isinstance(told, CreateTopicsResponse)
    assert told.topics[0].error_code == ErrorCode.NONE


def test_d1_a_power_cut_takes_nothing_that_was_answered() -> None:
    """D1: what was answered, or fetched by a broker, is on disk; what was not may be gone."""
    world = World()
    world.start_brokers(1, 2, 3)
    world.ask(create("answered"), 7, CreateTopicsResponse)
    known_to_brokers = image_of(world)
    world.auto_flush = False
    world.send(create("unanswered"), 7)
    world.auto_flush = True
    world.lose_power()
    assert sorted(world.node.image.topics) == ["answered"]
    assert world.node.image == known_to_brokers


def test_a_flush_that_takes_too_long_is_told_as_a_timeout() -> None:
    """A parked answer has a deadline (offsets.commit.timeout.ms); the change may still happen."""
    world = World()
    epochs = world.start_brokers(1)
    world.auto_flush = False
    request = AllocateProducerIdsRequest(broker_id=1, broker_epoch=epochs[1])
    asking = world.send(request, 0)
    world.pass_time(world.settings.offsets_commit_timeout_ms)
    told = world.answer(asking, request, 0)
    assert isinstance(told, AllocateProducerIdsResponse)
    assert told.error_code == ErrorCode.REQUEST_TIMED_OUT


def test_a_failed_flush_halts_the_controller() -> None:
    """Without its log there is no controller; it never pretends."""
    world = World()
    world.start_brokers(1, 2, 3)
    world.auto_flush = False
    world.send(create(), 7)
    asked = world.flushes[0]
    world.turn(FlushFailed(asked.partition, "input/output error"))
    assert world.halted is not None
    assert not world.halted.clean


def test_a_metadata_fetch_waits_until_the_log_grows() -> None:
    """A broker hears of a change when it is flushed, not at its next poll."""
    world = World()
    world.start_brokers(1, 2, 3)
    request = fetch(world.node.image.offset + 1)
    waiting = world.send(request, 12)
    assert world.answer(waiting, request, 12) is None
    world.ask(create(), 7, CreateTopicsResponse)
    answer = world.answer(waiting, request, 12)
    assert isinstance(answer, FetchResponse)
    assert answer.responses[0].partitions[0].records


def test_a_metadata_fetch_is_answered_empty_when_its_wait_is_over() -> None:
    """max_wait_ms bounds the wait."""
    world = World()
    world.start_brokers(1)
    request = fetch(world.node.image.offset + 1)
    waiting = world.send(request, 12)
    world.pass_time(500)
    answer = world.answer(waiting, request, 12)
    assert isinstance(answer, FetchResponse)
    assert answer.responses[0].partitions[0].error_code == ErrorCode.NONE


def test_f2_a_metadata_fetch_past_the_log_is_out_of_range() -> None:
    """A broker that knows more than the log holds is told so."""
    world = World()
    answer = world.ask(fetch(1000), 12, FetchResponse)
    assert answer.responses[0].partitions[0].error_code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_r12_a_silent_broker_is_fenced_when_its_session_ends() -> None:
    """R12: no heartbeat for broker.session.timeout.ms: out of the ISR, its leadership moved."""
    world = World()
    epochs = world.start_brokers(1, 2, 3)
    world.ask(create(), 7, CreateTopicsResponse)
    world.pass_time(SESSION_MS - 1)
    for broker in (2, 3):
        world.beat(broker, epochs[broker])
    assert not world.node.image.is_fenced(1)
    world.pass_time(1)
    assert world.node.image.is_fenced(1)
    state = world.node.image.topics["orders"].partitions[0]
    assert (state.leader, state.isr) == (2, (2, 3))


def test_r12_after_a_restart_every_broker_has_a_whole_session() -> None:
    """R12: a controller that was down has heard of nobody; it does not fence those who are alive."""
    world = World()
    epochs = world.start_brokers(1)
    world.pass_time(SESSION_MS - 1)
    world.boot()
    world.pass_time(SESSION_MS - 1)
    assert not world.node.image.is_fenced(1)
    world.beat(1, epochs[1])
    world.pass_time(SESSION_MS - 1)
    assert not world.node.image.is_fenced(1)
    world.pass_time(1)
    assert world.node.image.is_fenced(1)


def test_r12_an_earlier_life_is_refused() -> None:
    """A heartbeat under an old broker epoch hears STALE_BROKER_EPOCH."""
    world = World()
    epochs = world.start_brokers(1)
    assert world.beat(1, epochs[1] - 1).error_code == ErrorCode.STALE_BROKER_EPOCH
    assert world.beat(9, 0).error_code == ErrorCode.STALE_BROKER_EPOCH


def test_r12_a_second_process_waits_until_the_session_has_ended() -> None:
    """Another incarnation of a live broker is a duplicate; after its session it is a new life with a new epoch."""
    world = World()
    first = world.start_brokers(1)[1]
    assert world.register(1, incarnation=2).error_code == ErrorCode.DUPLICATE_BROKER_REGISTRATION
    world.pass_time(SESSION_MS)
    second = world.register(1, incarnation=2)
    assert second.error_code == ErrorCode.NONE
    assert second.broker_epoch > first
    assert world.node.image.is_fenced(1)


def test_r12_the_broker_epoch_is_the_offset_of_the_registration() -> None:
    """A broker is unfenced only once it has replayed its own registration."""
    world = World()
    epoch = world.register(1).broker_epoch
    assert world.beat(1, epoch, offset=epoch - 1).is_fenced
    assert not world.beat(1, epoch, offset=epoch).is_fenced


def test_r12_a_controlled_shutdown_moves_leaderships_and_waits_for_the_others() -> None:
    """R12: leaderships move first; the broker may go once the others have heard of it, and may come back at once."""
    world = World()
    epochs = world.start_brokers(1, 2, 3)
    world.ask(create(), 7, CreateTopicsResponse)
    assert not world.beat(1, epochs[1], want_shut_down=True).should_shut_down
    state = world.node.image.topics["orders"].partitions[0]
    assert (state.leader, state.isr) == (2, (2, 3))
    assert not world.beat(1, epochs[1], want_shut_down=True).should_shut_down
    for broker in (2, 3):
        world.beat(broker, epochs[broker])
    assert world.beat(1, epochs[1], want_shut_down=True).should_shut_down
    assert world.node.image.is_fenced(1)
    assert world.register(1, incarnation=2, previous_epoch=epochs[1]).error_code == ErrorCode.NONE


def test_r14_only_a_clean_return_stays_eligible() -> None:
    """R14: the single replica's broker stops cleanly and is still eligible, or dies and is not."""
    for previous_is_known, eligible in ((True, (1,)), (False, ())):
        world = World()
        epoch = world.start_brokers(1)[1]
        world.ask(create(replicas=1), 7, CreateTopicsResponse)
        world.pass_time(SESSION_MS)
        world.register(1, incarnation=2, previous_epoch=epoch if previous_is_known else -1)
        assert world.node.image.topics["orders"].partitions[0].elr == eligible


def test_r10_an_isr_change_is_answered_with_the_new_partition_epoch() -> None:
    """R10 over the wire: the leader drops a follower."""
    world = World()
    epochs = world.start_brokers(1, 2, 3)
    created = world.ask(create(), 7, CreateTopicsResponse).topics[0]
    asked = AlterPartitionRequestPartitionData(
        partition_index=0,
        leader_epoch=0,
        partition_epoch=0,
        new_isr_with_epochs=[BrokerState(broker_id=each, broker_epoch=epochs[each]) for each in (1, 2)],
    )
    request = AlterPartitionRequest(
        broker_id=1,
        broker_epoch=epochs[1],
        topics=[AlterPartitionRequestTopicData(topic_id=created.topic_id, partitions=[asked])],
    )
    answer = world.ask(request, 3, AlterPartitionResponse).topics[0].partitions[0]
    assert (answer.error_code, answer.isr, answer.partition_epoch, answer.leader_epoch) == (0, [1, 2], 1, 0)
    request.broker_epoch -= 1
    assert world.ask(request, 3, AlterPartitionResponse).error_code == ErrorCode.STALE_BROKER_EPOCH


def test_i11_producer_ids_come_in_blocks_never_twice_even_after_a_restart() -> None:
    """I11: blocks of 1000; the next free id is on disk before the answer leaves."""
    world = World()
    epochs = world.start_brokers(1)
    request = AllocateProducerIdsRequest(broker_id=1, broker_epoch=epochs[1])
    first = world.ask(request, 0, AllocateProducerIdsResponse)
    world.boot()
    second = world.ask(request, 0, AllocateProducerIdsResponse)
    assert (first.producer_id_start, first.producer_id_len) == (0, 1000)
    assert second.producer_id_start == 1000


def test_an_envelope_is_handled_as_if_the_client_had_asked() -> None:
    """KIP-590: the answer inside is the one for the client's own version and correlation id."""
    world = World()
    world.start_brokers(1, 2, 3)
    inner = codec.encode_request(19, 5, 77, "client", create())[4:]
    envelope = EnvelopeRequest(request_data=inner, client_host_address=b"127.0.0.1")
    answer = world.ask(envelope, 0, EnvelopeResponse)
    assert answer.error_code == ErrorCode.NONE
    correlation, body = codec.decode_response(19, 5, answer.response_data or b"")
    assert correlation == 77
    assert isinstance(body, CreateTopicsResponse)
    assert "orders" in world.node.image.topics


def test_an_envelope_carries_admin_requests_only() -> None:
    """A broker cannot smuggle a fetch, or noise, through the controller."""
    world = World()
    for inner, code in (
        (codec.encode_request(1, 12, 1, "client", fetch(0))[4:], ErrorCode.INVALID_REQUEST),
        (b"\x00\x13\x00\x63garbage", ErrorCode.UNSUPPORTED_VERSION),
    ):
        envelope = EnvelopeRequest(request_data=inner, client_host_address=b"")
        assert world.ask(envelope, 0, EnvelopeResponse).error_code == code


def test_c2_a_feature_falls_and_rises_while_brokers_live() -> None:
    """C2: levels move both ways, each change under a higher epoch."""
    world = World()
    world.start_brokers(1)
    epoch = world.node.image.features_epoch
    for level, kind in ((1, 2), (2, 1)):
        update = FeatureUpdateKey(feature="transaction.version", max_version_level=level, upgrade_type=kind)
        request = UpdateFeaturesRequest(timeout_ms=1000, feature_updates=[update])
        assert world.ask(request, 2, UpdateFeaturesResponse).error_code == ErrorCode.NONE
        assert world.node.image.feature("transaction.version") == level
        assert world.node.image.features_epoch > epoch
        epoch = world.node.image.features_epoch


def test_a_clean_stop_flushes_and_says_so() -> None:
    """D1: *stop* leaves a log that is whole."""
    world = World()
    world.start_brokers(1)
    before = world.node.image
    world.turn(StopRequested())
    assert world.halted is not None
    assert world.halted.clean
    world.boot()
    assert world.node.image == before
