"""The follower's end of a fetch session: what its leader has been told, and so need not be told again (F10, KIP-227).

Each request depends on the answer to the one before:

    a request                                  its answer
    session 0 or n, epoch 0, every partition   a session's id: go on with epoch 1; or 0: no session, the same again
    session n, epoch e, what changed           news: go on with e + 1; an error: begin anew with every partition
    nothing (the connection is lost)           it may have gone on or not: begin anew, naming n so that it is closed

So a lost answer costs one full fetch, and never a partition that both sides think the other one remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from minikafka.broker.fetch_session import INITIAL_EPOCH, NO_SESSION, SessionEpoch, SessionId, next_epoch
from minikafka.errors import ErrorCode
from minikafka.partition.follower import FetchPosition
from minikafka.types import TopicId, TopicPartition
from minikafka.wire.messages import fetch as wire

SESSION_ERRORS: Final = frozenset(
    {
        ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode.INVALID_FETCH_SESSION_EPOCH,
        ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    }
)
"""The leader knows nothing of such a session, or is elsewhere in it."""


class Ask(NamedTuple):
    """What is asked of one partition."""

    topic_id: TopicId
    position: FetchPosition
    max_bytes: int


class FollowerSession:
    """With one leader."""

    def __init__(self) -> None:
        self._id: SessionId = NO_SESSION
        self._epoch: SessionEpoch = INITIAL_EPOCH
        self._asked: dict[TopicPartition, Ask] = {}
        self._forgotten: dict[TopicPartition, TopicId] = {}

    @property
    def is_open(self) -> bool:
        """Otherwise the next request names every partition."""
        return self._epoch != INITIAL_EPOCH

    def forget(self, name: TopicPartition) -> None:
        """Not fetched any more, or not for a while."""
        asked = self._asked.pop(name, None)
        if asked is not None:
            self._forgotten[name] = asked.topic_id

    def next_request(self, asks: Mapping[TopicPartition, Ask]) -> wire.FetchRequest:
        """The next fetch, with those of `asks` that the leader does not know; in full, all of them."""
        if not self.is_open:
            self._forgotten.clear()
        told = [(name, ask) for name, ask in asks.items() if self._asked.get(name) != ask]
        for name, ask in told:
            self._asked[name] = ask
            if self._forgotten.get(name) == ask.topic_id:
                del self._forgotten[name]
        forgotten, self._forgotten = self._forgotten, {}
        return wire.FetchRequest(
            session_id=self._id,
            session_epoch=self._epoch,
            topics=_topics(told),
            forgotten_topics_data=_forgotten(forgotten),
        )

    def answered(self, error_code: int, session_id: SessionId) -> bool:
        """False: the answer is a refusal, and nothing in it is to be read."""
        if error_code != ErrorCode.NONE:
            self._begin_anew(NO_SESSION if error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND else self._id)
            return False
        if session_id == NO_SESSION:
            self._begin_anew(NO_SESSION)
        else:
            self._id = session_id
            self._epoch = next_epoch(self._epoch)
        return True

    def lost(self) -> None:
        """No answer came."""
        self._begin_anew(self._id)

    def _begin_anew(self, session_id: SessionId) -> None:
        self._id = session_id
        self._epoch = INITIAL_EPOCH
        self._asked.clear()
        self._forgotten.clear()


def _topics(told: Iterable[tuple[TopicPartition, Ask]]) -> list[wire.FetchTopic]:
    topics: dict[TopicId, wire.FetchTopic] = {}
    for name, ask in told:
        topic = topics.get(ask.topic_id)
        if topic is None:
            topic = topics[ask.topic_id] = wire.FetchTopic(topic_id=ask.topic_id, partitions=[])
        position = ask.position
        topic.partitions.append(
            wire.FetchPartition(
                partition=name.partition,
                current_leader_epoch=position.leader_epoch,
                fetch_offset=position.offset,
                last_fetched_epoch=position.last_fetched_epoch,
                log_start_offset=position.log_start_offset,
                partition_max_bytes=ask.max_bytes,
            )
        )
    return list(topics.values())


def _forgotten(forgotten: Mapping[TopicPartition, TopicId]) -> list[wire.ForgottenTopic]:
    topics: dict[TopicId, wire.ForgottenTopic] = {}
    for name, topic_id in forgotten.items():
        topics.setdefault(topic_id, wire.ForgottenTopic(topic_id=topic_id, partitions=[])).partitions.append(
            name.partition
        )
    return list(topics.values())
