"""One life of a consumer process in the simulated world: a group member, a reader for each partition it owns, commits.

It does what an application with a real client does: reads from the committed offset on, commits what it has processed
every now and then, and finishes with a partition, by a last commit, before it gives it up. Three things can be wrong
with it:

    it crashes     nothing more is heard of it
    it hangs       in its processing: heartbeats go on, but it gives nothing up and commits nothing
    it is frozen   nothing happens at all, answers pile up; then it goes on as if no time had passed: a zombie
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from minikafka.controller.image import TopicImage
from minikafka.errors import ErrorCode
from minikafka.sim.checker.group_history import Commit, Fetched, Given, GroupHistory, Identity, Owner, Seen
from minikafka.sim.connection import REQUEST_TIMEOUT_MS, Connection
from minikafka.sim.consumer import Consumer
from minikafka.sim.members.base import Member, Timers
from minikafka.sim.members.classic import ClassicMember
from minikafka.sim.members.consumer import ConsumerMember
from minikafka.types import BrokerId, Buffer, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages import offset_commit, offset_fetch

if TYPE_CHECKING:
    from minikafka.sim.world import World

COMMIT_EVERY_MS: Final = (150, 700)
RETRY_MS: Final = 50
COMMIT_VERSION: Final = 9
FETCH_VERSIONS: Final = {False: 8, True: 9}
"""OffsetFetch: from v9 on, members of the new protocol say who asks (G16)."""
REFUSED: Final = frozenset(
    {
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.STALE_MEMBER_EPOCH,
        ErrorCode.FENCED_MEMBER_EPOCH,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.GROUP_ID_NOT_FOUND,
    }
)
"""Of a commit that heard one of these nothing may remain. After any other it may, or may not, have been made."""

EAGER: Final = "range"
COOPERATIVE: Final = "cooperative"
CONSUMER: Final = "consumer"
PROTOCOLS: Final = (EAGER, COOPERATIVE, CONSUMER)

M = TypeVar("M")


class Job(NamedTuple):
    """What a process is started with."""

    name: str
    group: str
    protocol: str
    topic: str
    timers: Timers
    instance_id: str | None = None


class Reader(Consumer):
    """Of one partition, for one member. What it was given counts as processed at once."""

    def __init__(self, world: World, name: str, partition: TopicPartition, random: Random) -> None:
        super().__init__(world, name, partition, random, read_committed=False)
        self.committed = -1
        self.is_stopped = False
        self.is_at_work = False

    def begin_at(self, offset: int) -> None:
        self.position = self.committed = offset
        self.is_at_work = True
        self.run()

    def stop(self) -> None:
        self.is_stopped = True
        self._hang_up()

    def _find_leader(self) -> None:
        if not self.is_stopped:
            super()._find_leader()

    def _fetch(self) -> None:
        if not self.is_stopped:
            super()._fetch()


class Worker(Owner):
    """See the module. It is the `Surroundings` of its member."""

    def __init__(self, world: World, job: Job, life: int, history: GroupHistory, random: Random) -> None:
        self._world = world
        self.job = job
        self._name = f"{job.name}.{life}"
        self._history = history
        self._random = random
        self._is_up = True
        self._is_frozen = False
        self._backlog: list[Callable[[], None]] = []
        self._busy_until_us = 0
        self._connections: dict[Connection, None] = {}
        self._correlation = 0
        self._commits = 0
        self._is_committing = False
        self._readers: dict[TopicPartition, Reader] = {}
        self.violations: list[str] = []
        self.member = self._member()

    def _member(self) -> Member:
        _, group, protocol, topic, timers, instance_id = self.job
        if protocol == CONSUMER:
            return ConsumerMember(self, self._name, group, [topic], timers=timers, instance_id=instance_id)
        return ClassicMember(
            self,
            self._name,
            group,
            [topic],
            cooperative=protocol == COOPERATIVE,
            timers=timers,
            instance_id=instance_id,
        )

    @property
    def is_running(self) -> bool:
        """Neither dead nor fenced."""
        return self._is_up and self.member.is_alive

    @property
    def identity(self) -> Identity:  # type: ignore[override]
        return Identity(self.member.group, self.member.member_id, self.member.epoch)

    def run(self) -> None:
        """Begin; goes on by itself."""
        self.member.join()
        self._commit_now_and_then()

    # What can be wrong with it.

    def crash(self) -> None:
        """Its connections close."""
        self._is_up = False
        self.member.crash()
        self._stop_reading(set(self._readers))
        for connection in list(self._connections):
            connection.close()

    def leave(self) -> None:
        """As a process that is asked to end does."""
        self.member.leave()

    def hang(self, for_ms: int) -> None:
        """Processing one batch takes that long."""
        self._busy_until_us = self._world.clock.now_us + for_ms * 1_000

    def freeze(self, for_ms: int) -> None:
        """It gets no processor, and does not know."""
        self._is_frozen = True
        self._world.clock.after(for_ms * 1_000, self._thaw)

    def _thaw(self) -> None:
        self._is_frozen = False
        backlog, self._backlog = self._backlog, []
        for run in backlog:
            self._wake(run)

    def _wake(self, run: Callable[[], None]) -> None:
        if self._is_frozen:
            self._backlog.append(run)
        elif self._is_up:
            run()

    @property
    def _is_busy(self) -> bool:
        return self._world.clock.now_us < self._busy_until_us

    # What its member lives in.

    def ask(
        self,
        broker: BrokerId,
        client: str,
        message: object,
        version: int,
        answer: Callable[[M | None], None],
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> None:
        key: int = message.API_KEY  # type: ignore[attr-defined]
        self._correlation += 1
        frame = codec.encode_request(key, version, self._correlation, client, message)
        connection = Connection(self._world, broker)
        self._connections[connection] = None

        def received(data: Buffer | None) -> None:
            self._connections.pop(connection, None)
            connection.close()
            body = None if data is None else codec.decode_response(key, version, data)[1]
            self._wake(lambda: answer(body))  # type: ignore[arg-type]

        connection.ask(frame, received, timeout_ms)

    def anyone(self) -> BrokerId:
        return self._random.choice(self._world.brokers)

    def after(self, delay_ms: int, run: Callable[[], None]) -> None:
        self._world.clock.after(delay_ms * 1_000, lambda: self._wake(run))

    def topics(self) -> Mapping[str, TopicImage]:
        return self._world.topics()

    def told(self, member: Member, what: str, facts: str = "") -> None:
        """Nobody listens."""

    def given(self, member: Member, partitions: frozenset[TopicPartition]) -> None:
        self._history.given.append(Given(self.identity, partitions, self._world.clock.now_us))

    def let_go(self, member: Member, partitions: frozenset[TopicPartition], then: Callable[[], None]) -> None:
        """After a last commit, when it is done with what it is doing."""
        self._finish({each: self._readers[each] for each in partitions & self._readers.keys()}, then)

    def _finish(self, readers: Mapping[TopicPartition, Reader], then: Callable[[], None]) -> None:
        """Unless the member lost a partition, and perhaps got it back, while this waited: that is read by another."""
        if self._is_busy or self._is_committing:
            self.after(RETRY_MS, lambda: self._finish(readers, then))
            return
        current = frozenset(each for each, reader in readers.items() if self._readers.get(each) is reader)
        for partition in current:
            self._readers[partition].stop()
        self._commit(current, then)

    def owned_changed(self, member: Member) -> None:
        self._stop_reading(self._readers.keys() - member.owned)
        for partition in sorted(member.owned - self._readers.keys()):
            name = f"{self._name}-{partition.partition}"
            reader = Reader(
                self._world, name, partition, self._world.fork(f"{name}-{self._world.clock.now_us}")
            )
            self._readers[partition] = reader
            self._history.take(self, partition, self._world.clock.now_us)
            self._find_position(partition, reader)

    def _stop_reading(self, partitions: set[TopicPartition]) -> None:
        for partition in sorted(partitions):
            reader = self._readers.pop(partition)
            reader.stop()
            self._note(partition, reader)
            self._history.give_up(self, partition)

    def _note(self, partition: TopicPartition, reader: Reader) -> None:
        self.violations += reader.violations
        self._history.seen.update(Seen(self.job.group, partition, one.offset) for one in reader.seen)

    def note_everything(self) -> None:
        """What its readers have seen by now goes into the history."""
        for partition, reader in self._readers.items():
            self._note(partition, reader)

    # Offsets.

    def _find_position(self, partition: TopicPartition, reader: Reader) -> None:
        is_new = isinstance(self.member, ConsumerMember)
        topics = [
            offset_fetch.OffsetFetchRequestTopics(
                name=partition.topic, partition_indexes=[partition.partition]
            )
        ]
        group = offset_fetch.OffsetFetchRequestGroup(group_id=self.job.group, topics=topics)
        if is_new:
            group.member_id, group.member_epoch = self.member.member_id, self.member.epoch
        request = offset_fetch.OffsetFetchRequest(groups=[group], require_stable=True)
        asked_us = self._world.clock.now_us

        def again() -> None:
            if not reader.is_stopped:
                self._find_position(partition, reader)

        def answered(response: offset_fetch.OffsetFetchResponse | None) -> None:
            if response is None or response.groups[0].error_code or not response.groups[0].topics:
                self.member.forget_coordinator()
                self.after(RETRY_MS, again)
                return
            found = response.groups[0].topics[0].partitions[0]
            if found.error_code:
                self.after(RETRY_MS, again)
                return
            told = Fetched(self.job.group, partition, found.committed_offset, found.metadata or "", asked_us)
            self._history.fetched.append(told)
            if not reader.is_stopped:
                reader.begin_at(max(found.committed_offset, 0))

        self.member.with_coordinator(
            lambda broker: self.ask(broker, self._name, request, FETCH_VERSIONS[is_new], answered)
        )

    def _commit_now_and_then(self) -> None:
        def again() -> None:
            self.after(self._random.randint(*COMMIT_EVERY_MS), self._commit_now_and_then)

        if self._is_busy or self._is_committing or not self.is_running:
            again()
        else:
            self._commit(frozenset(self._readers), again)

    def _commit(self, partitions: frozenset[TopicPartition], then: Callable[[], None]) -> None:
        """Once; `then` follows whatever became of it."""
        due = [
            (partition, reader)
            for partition in sorted(partitions & self._readers.keys())
            if (reader := self._readers[partition]).is_at_work and reader.position > reader.committed
        ]
        who = self.identity
        if not due or who.epoch < 0:
            then()
            return
        self._commits += 1
        commits = [
            Commit(who, partition, reader.position, f"{self._name}#{self._commits}")
            for partition, reader in due
        ]
        self._history.commits += commits
        self._is_committing = True

        def answered(response: offset_commit.OffsetCommitResponse | None) -> None:
            self._is_committing = False
            if response is None:
                self.member.forget_coordinator()
            else:
                codes = {
                    TopicPartition(topic.name, each.partition_index): ErrorCode(each.error_code)
                    for topic in response.topics
                    for each in topic.partitions
                }
                for commit, (partition, reader) in zip(commits, due, strict=True):
                    self._heard_of(commit, codes[partition], reader)
            then()

        self.member.with_coordinator(
            lambda broker: self.ask(
                broker, self._name, _request(who, self.job, commits), COMMIT_VERSION, answered
            )
        )

    def _heard_of(self, commit: Commit, code: ErrorCode, reader: Reader) -> None:
        commit.answered_us = self._world.clock.now_us
        if code is ErrorCode.NONE:
            commit.accepted = True
            reader.committed = commit.offset
        elif code in REFUSED:
            commit.accepted = False
        else:
            self.member.forget_coordinator()


def _request(who: Identity, job: Job, commits: list[Commit]) -> offset_commit.OffsetCommitRequest:
    partitions = [
        offset_commit.OffsetCommitRequestPartition(
            partition_index=each.partition.partition,
            committed_offset=each.offset,
            committed_metadata=each.tag,
        )
        for each in commits
    ]
    return offset_commit.OffsetCommitRequest(
        group_id=who.group,
        generation_id_or_member_epoch=who.epoch,
        member_id=who.member_id,
        group_instance_id=job.instance_id,
        topics=[offset_commit.OffsetCommitRequestTopic(name=job.topic, partitions=partitions)],
    )
