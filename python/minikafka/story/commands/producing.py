"""Producers, as far as the broker sees them.

    produce orders "one" "two" acks=all          one batch, from nobody in particular; acks 0, 1 or all (the default)
    producer p                                   an idempotent producer named p (I11)
    producer t transactional.id=t version=2      a transactional one (T3): transaction.version 2, or 1
    send p orders "one" "two"                    one batch, with the next sequence
    send p orders "one" sequence=7 epoch=0       the same, lying
    resend p                                     its last batch again, to the letter: a retry
    ... on=2                                     to this broker, whoever leads
    ... nowait                                   do not wait for the answer; it is told when it comes

What the client hears is told in a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from minikafka.errors import ConfigError, ErrorCode
from minikafka.log.batch import build_batch, sequence_after
from minikafka.story.command import Command, number, partition
from minikafka.story.commands.looking import value_text
from minikafka.story.lines import client_line
from minikafka.story.session import Story
from minikafka.types import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, TopicPartition
from minikafka.wire.messages import init_producer_id
from minikafka.wire.messages import produce as wire

ACKS: Final = {"0": 0, "1": 1, "all": -1}
TIMEOUT_MS: Final = 1_500
INIT_VERSION: Final = 4
PRODUCE_VERSIONS: Final = {0: 11, 1: 11, 2: 12}
"""By transaction.version: from 12 on the batch itself adds the partition (T6)."""
NOWAIT: Final = "nowait"


@dataclass
class Producer:
    """What a producer remembers. version: of transactions; 0 for one that has none."""

    name: str
    transactional_id: str | None = None
    version: int = 0
    producer_id: int = NO_PRODUCER_ID
    epoch: int = NO_PRODUCER_EPOCH
    sequences: dict[TopicPartition, int] = field(default_factory=dict)
    added: set[TopicPartition] = field(default_factory=set)
    """Partitions of the transaction under way, as far as the coordinator was told (TV1)."""
    last: tuple[TopicPartition, bytes, str] | None = None
    """The last batch sent: where, its bytes, and what was in it."""

    def go_on_as(self, producer_id: int, epoch: int) -> None:
        """A new id or epoch begins its sequences at 0."""
        if (producer_id, epoch) != (self.producer_id, self.epoch):
            self.producer_id, self.epoch = producer_id, epoch
            self.sequences = {}
        self.added = set()


def producer_named(story: Story, name: str) -> Producer:
    """Raises ConfigError when there is none."""
    found = story.clients.get(name)
    if not isinstance(found, Producer):
        raise ConfigError(f"there is no producer {name!r}; `producer {name}` makes one")
    return found


def produce(story: Story, command: Command) -> None:
    """One batch without a producer id."""
    command.only("acks", "on")
    name = partition(command.word(0, "a topic"))
    values = _values(command.words[1:])
    batch = build_batch([(story.world.clock.now().wall_ms, None, value, ()) for value in values])
    _send(story, Producer("client"), name, batch, values, command)


def producer(story: Story, command: Command) -> None:
    """A producer gets its id and epoch; one that has the same transactional id elsewhere is fenced by it (T3)."""
    command.only("transactional.id", "version")
    name = command.word(0, "a name")
    transactional_id = command.options.get("transactional.id")
    version = number(command.options.get("version", "2"), "a transaction.version") if transactional_id else 0
    made = Producer(name, transactional_id, version)
    story.clients[name] = made
    from minikafka.story.commands.transactions import coordinator

    broker = story.anyone() if transactional_id is None else coordinator(story, made)
    request = init_producer_id.InitProducerIdRequest(
        transactional_id=transactional_id, transaction_timeout_ms=60_000, producer_id=-1, producer_epoch=-1
    )
    while True:
        response = story.answer_of(broker, name, request, INIT_VERSION)
        assert isinstance(response, init_producer_id.InitProducerIdResponse)
        code = ErrorCode(response.error_code)
        if code is not ErrorCode.CONCURRENT_TRANSACTIONS:
            break
        story.world.run_until(lambda: False, 20)
    if code is not ErrorCode.NONE:
        raise ConfigError(f"InitProducerId: {code.name}")
    made.go_on_as(response.producer_id, response.producer_epoch)
    facts = f"producer id {made.producer_id}, epoch {made.epoch}"
    story.tell(client_line(name, "initialised", transactional_id or "", facts))


def send(story: Story, command: Command) -> None:
    """One batch with the producer's id, epoch and next sequence; in a transaction if it has a transactional id."""
    command.only("acks", "on", "sequence", "epoch")
    sender = producer_named(story, command.word(0, "a producer"))
    name = partition(command.word(1, "a topic"))
    values = _values(command.words[2:])
    options = command.options
    sequence = (
        number(options["sequence"], "a sequence") if "sequence" in options else sender.sequences.get(name, 0)
    )
    epoch = number(options["epoch"], "an epoch") if "epoch" in options else sender.epoch
    batch = build_batch(
        [(story.world.clock.now().wall_ms, None, value, ()) for value in values],
        producer_id=sender.producer_id,
        producer_epoch=epoch,
        base_sequence=sequence if sender.producer_id != NO_PRODUCER_ID else NO_SEQUENCE,
        transactional=sender.transactional_id is not None,
    )
    if sender.version == 1 and name not in sender.added:
        from minikafka.story.commands.transactions import add_partition

        add_partition(story, sender, name)
    sender.sequences[name] = sequence_after(sequence, len(values))
    _send(story, sender, name, batch, values, command)


def resend(story: Story, command: Command) -> None:
    """A retry: the same bytes to whoever leads now."""
    command.only("acks", "on")
    sender = producer_named(story, command.word(0, "a producer"))
    if sender.last is None:
        raise ConfigError(f"{sender.name} has sent nothing")
    name, batch, text = sender.last
    _transmit(story, sender, name, batch, text, command)


def _values(words: Sequence[str]) -> list[bytes]:
    values = [word.encode() for word in words if word != NOWAIT]
    if not values:
        raise ConfigError("there is nothing to send")
    return values


def _send(
    story: Story, sender: Producer, name: TopicPartition, batch: bytes, values: list[bytes], command: Command
) -> None:
    text = " ".join(map(value_text, values))
    sender.last = (name, batch, text)
    _transmit(story, sender, name, batch, text, command)


def _transmit(
    story: Story, sender: Producer, name: TopicPartition, batch: bytes, text: str, command: Command
) -> None:
    acks = command.options.get("acks", "all")
    if acks not in ACKS:
        raise ConfigError(f"acks is 0, 1 or all, not {acks!r}")
    data = wire.PartitionProduceData(index=name.partition, records=batch)
    request = wire.ProduceRequest(
        transactional_id=sender.transactional_id,
        acks=ACKS[acks],
        timeout_ms=TIMEOUT_MS,
        topic_data=[wire.TopicProduceData(name=name.topic, partition_data=[data])],
    )
    answered: list[bool] = []

    def answer(response: wire.ProduceResponse | None) -> None:
        answered.append(True)
        story.tell(client_line(sender.name, "produced", name, f"{text} {_outcome(response)}"))

    on = command.options.get("on")
    broker = story.leader(name) if on is None else number(on, "a broker's number")
    story.ask(broker, sender.name, request, PRODUCE_VERSIONS[sender.version], answer)
    if acks == "0":
        # Nobody answers (L14): let it arrive.
        story.world.run_until(lambda: False, 10)
        answered.append(True)
    elif NOWAIT not in command.words:
        story.wait(lambda: bool(answered), "an answer")


def _outcome(response: wire.ProduceResponse | None) -> str:
    if response is None:
        return "was not answered: nobody knows whether it is there"
    answer = response.responses[0].partition_responses[0]
    code = ErrorCode(answer.error_code)
    if code is ErrorCode.NONE:
        return f"at offset {answer.base_offset}"
    return f"refused: {code.name}" + (f" ({answer.error_message})" if answer.error_message else "")
