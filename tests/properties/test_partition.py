"""Three replicas under random schedules: what must hold whatever happens (R3, R4, R11; rejections change nothing)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from minikafka.errors import Rejected
from minikafka.log.batch import sequence_after
from minikafka.partition.acks import ALL, LEADER
from minikafka.partition.isr import Committed, IsrProposal
from minikafka.partition.partition import Isolation, Partition

from tests.unit.log.test_replica_log import last_batches_only, remembered
from tests.unit.partition.kit import World, at, records, state

IDS = (1, 2, 3)
MIN_ISR: dict[str, str | int] = {"min.insync.replicas": 2}
# As often as they are listed: much traffic, some ISR changes, few deaths.
MOVES = (
    ("append",) * 6 + ("fetch",) * 12 + ("lag", "propose", "propose", "answer", "answer", "elect", "restart")
)
steps = st.lists(
    st.tuples(st.sampled_from(MOVES), st.sampled_from(IDS), st.integers(0, 3)), min_size=30, max_size=120
)


class Trio:
    """Three brokers' replicas, a controller that only elects from the ISR, and everything acknowledged."""

    def __init__(self) -> None:
        self.replicas = {broker: World(MIN_ISR) for broker in IDS}
        for broker, world in self.replicas.items():
            world.partition._local.broker_id = broker
        self.isr: tuple[int, ...] = IDS
        self.leader, self.epoch, self.version, self.ms = 1, 0, 0, 0
        self.proposal: IsrProposal | None = None
        self.acked: dict[int, bytes] = {}
        self.watermarks: dict[tuple[int, int], int] = {}
        self.tell(IDS)

    def tell(self, whom: tuple[int, ...]) -> None:
        for broker in whom:
            world = self.replicas[broker]
            said = state(
                IDS, isr=self.isr, leader=self.leader, leader_epoch=self.epoch, partition_epoch=self.version
            )
            if broker == self.leader:
                world.partition.become_leader(said, world.brokers, at(self.ms))
            else:
                world.partition.become_follower(said, at(self.ms))

    def append(self, broker: int, value: int) -> None:
        """The next batch of producer 7, of a transaction if `value` is 2; or a marker."""
        world = self.replicas[broker]
        known = world.log.producers.get(7)
        sequence = 0 if known is None else sequence_after(known.last_sequence)
        is_open = world.partition.has_transaction(7, 0)
        try:
            if is_open and value == 3:
                world.end(7, 0, commit=bool(self.ms % 2))
                return
            data = records(
                b"%d" % self.ms,
                producer_id=7,
                epoch=0,
                sequence=sequence,
                transactional=is_open or value == 2,
            )
            world.append(data, acks=ALL if value else LEADER, version=11)
        except Rejected:
            return

    def fetch(self, broker: int) -> None:
        follower, leader = self.replicas[broker].partition, self.replicas[self.leader].partition
        position = follower.fetch_position()
        if position is None or position.leader_epoch != leader.leader_epoch:
            return
        leader.follower_fetched(
            broker,
            100 + broker,
            position.offset,
            position.log_start_offset,
            at(self.ms),
            leader_epoch=position.leader_epoch,
            last_fetched_epoch=position.last_fetched_epoch,
        )
        try:
            read = leader.read(
                offset=position.offset,
                max_bytes=150,
                at_least_one_batch=True,
                isolation=Isolation.REPLICA,
                current_leader_epoch=position.leader_epoch,
                last_fetched_epoch=position.last_fetched_epoch,
                now=at(self.ms),
            )
        except Rejected:
            follower.out_of_range(leader.log.log_start_offset, leader.log.log_end_offset, at(self.ms))
            return
        follower.fetched(
            read.records, read.high_watermark, read.log_start_offset, read.diverging, at(self.ms)
        )

    def propose(self) -> None:
        world = self.replicas[self.leader]
        self.proposal = world.partition.propose_isr(world.brokers, at(self.ms)) or self.proposal

    def answer(self) -> None:
        """The controller writes what was proposed, unless it knows something newer."""
        proposal, self.proposal = self.proposal, None
        if proposal is None or (proposal.leader_epoch, proposal.partition_epoch) != (
            self.epoch,
            self.version,
        ):
            return
        self.isr, self.version = tuple(broker for broker, _ in proposal.isr), self.version + 1
        partition = self.replicas[self.leader].partition
        partition.isr_answered(proposal, Committed(self.isr, self.version, self.epoch), at(self.ms))

    def elect(self, broker: int) -> None:
        if broker in self.isr:
            self.leader, self.epoch, self.version = broker, self.epoch + 1, self.version + 1
            self.tell(IDS)

    def restart(self, broker: int, *, clean: bool) -> None:
        """A process dies or stops; the page cache, and a checkpointed high watermark, stay."""
        old = self.replicas[broker]
        if clean:
            old.log.close_cleanly()
        self.replicas[broker] = World(MIN_ISR, disk=old.disk, clean=clean, high_watermark=old.high_watermark)
        self.replicas[broker].partition._local.broker_id = broker
        if broker == self.leader:
            self.elect(next((one for one in self.isr if one != broker), broker))
        self.tell((broker,))

    def step(self, what: str, broker: int, number: int) -> None:
        self.ms += 1
        if what == "append":
            self.append(self.leader, number)
        elif what == "fetch" and broker != self.leader:
            self.fetch(broker)
        elif what == "lag":
            self.ms += 31_000
        elif what == "propose":
            self.propose()
        elif what == "answer":
            self.answer()
        elif what == "elect":
            self.elect(broker)
        elif what == "restart":
            self.restart(broker, clean=number > 1)

    def check(self) -> None:
        partition = self.replicas[self.leader].partition
        mark = self.watermarks.setdefault((self.leader, self.epoch), partition.high_watermark)
        assert partition.high_watermark >= mark, "a leader's high watermark never moves back"
        self.watermarks[self.leader, self.epoch] = partition.high_watermark
        visible = contents(partition)
        for offset, data in self.acked.items():
            assert visible.get(offset) == data, "what was once below the high watermark stays"
        self.acked.update(
            {offset: visible[offset] for offset in visible if offset < partition.high_watermark}
        )
        for broker in self.isr:
            held = contents(self.replicas[broker].partition)
            assert self.acked.items() <= held.items(), (
                "every ISR member holds what is below the high watermark"
            )


def contents(partition: Partition) -> dict[int, bytes]:
    """Batch bytes by base offset."""
    log = partition.log.port
    found = {}
    for header in log.headers(0, max_batches=999):
        one = log.read(
            header.base_offset, max_bytes=1, upper_bound=log.log_end_offset, at_least_one_batch=True
        )
        found[header.base_offset] = one.data
    return found


@settings(max_examples=250, deadline=None)
@given(steps)
def test_r4_nothing_below_the_high_watermark_is_lost_while_an_isr_member_leads(
    moves: list[tuple[str, int, int]],
) -> None:
    """Appends, fetches, ISR changes, clean elections, kills and stops in any order (page cache survives): the high
    watermark is monotone per leadership, and every ISR member holds, unchanged, all that was ever below it."""
    trio = Trio()
    for move in moves:
        trio.step(*move)
        trio.check()


@settings(max_examples=100, deadline=None)
@given(steps)
def test_r11_replicas_agree_once_everybody_has_fetched(moves: list[tuple[str, int, int]]) -> None:
    """After any schedule, fetching until nothing comes any more leaves three equal logs and equal derived state."""
    trio = Trio()
    for move in moves:
        trio.step(*move)
    for _ in range(80):
        for broker in IDS:
            if broker != trio.leader:
                trio.fetch(broker)
    expected = trio.replicas[trio.leader]
    for world in trio.replicas.values():
        assert contents(world.partition) == contents(expected.partition)
        assert last_batches_only(remembered(world.log))[:3] == last_batches_only(remembered(expected.log))[:3]


def fingerprint(world: World) -> tuple[object, ...]:
    partition = world.partition
    return (
        partition.progress(),
        partition.isr,
        contents(partition),
        remembered(world.log),
        dict(world.disk.files),
    )


offers = st.tuples(
    st.sampled_from([-1, 7, 8]),
    st.integers(0, 2),
    st.integers(0, 4),
    st.booleans(),
    st.sampled_from([ALL, LEADER]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(offers, min_size=1, max_size=25), st.sampled_from([(1,), (1, 2)]))
def test_l2_a_rejected_append_changes_nothing(
    tried: list[tuple[int, int, int, bool, int]], isr: tuple[int, ...]
) -> None:
    """Whatever refuses a batch, a marker or a read: offsets, bytes, producers, transactions and files are as before."""
    world = World(MIN_ISR).lead((1, 2), isr=isr)
    for producer, epoch, sequence, transactional, acks in tried:
        before = fingerprint(world)
        try:
            if producer == 8 and sequence == 0:
                world.end(7, epoch, commit=transactional, version=sequence)
            elif producer == -1:
                world.append(records(), acks=acks)
            else:
                world.append(
                    records(
                        producer_id=producer, epoch=epoch, sequence=sequence, transactional=transactional
                    ),
                    acks=acks,
                )
        except Rejected:
            assert fingerprint(world) == before
