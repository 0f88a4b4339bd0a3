"""UpdateFeatures, last: it changes the cluster (C2)."""

from __future__ import annotations

from minikafka.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from minikafka.wire.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest

from conformance.dialogues.requests import batch, end, fetched, init_id, make_topic, new_producer, produced
from conformance.dialogues.talk import Talk
from conformance.dialogues.transactions import added, ended

UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE = 1, 2, 3


def update_features(talk: Talk) -> None:
    def ask(what: str, name: str, level: int, kind: int, *, version: int = 2, check: bool = False) -> None:
        update = FeatureUpdateKey(name, level, upgrade_type=kind)
        talk.ask(what, UpdateFeaturesRequest(5000, [update], check), version)

    def level_is(level: int) -> None:
        def is_seen(answer: object) -> bool:
            assert isinstance(answer, ApiVersionsResponse)
            found = {each.name: each.max_version_level for each in answer.finalized_features}
            return found.get("transaction.version", 0) == level

        talk.settle(f"transaction.version {level}", ApiVersionsRequest("raw", "1"), 4, done=is_seen)

    ask("only checked", "transaction.version", 1, SAFE_DOWNGRADE, check=True)
    ask("downgrade as upgrade", "transaction.version", 1, UPGRADE)
    ask("safe downgrade", "transaction.version", 1, SAFE_DOWNGRADE)
    level_is(1)
    _transactions_at_level_1(talk)
    ask("same level", "transaction.version", 1, UPGRADE)
    ask("unknown level", "transaction.version", 9, UPGRADE)
    ask("negative level", "transaction.version", -1, UPGRADE)
    ask("level 0", "transaction.version", 0, SAFE_DOWNGRADE)
    ask("unknown feature", "no.such.feature", 1, UPGRADE)
    ask("unknown kind", "transaction.version", 2, 9)
    ask("upgrade as downgrade", "transaction.version", 2, SAFE_DOWNGRADE)
    ask("upgrade", "transaction.version", 2, UPGRADE, version=1)
    level_is(2)
    twice = [FeatureUpdateKey("transaction.version", 2, upgrade_type=UPGRADE)] * 2
    talk.ask("twice", UpdateFeaturesRequest(5000, twice), 2)


def _transactions_at_level_1(talk: Talk) -> None:
    """The request's version decides; what the coordinator ends by itself goes by the level (C2)."""
    make_topic(talk, "levels", 2)
    for place, (produce_version, end_version) in enumerate(((12, 5), (11, 3))):
        name = f"levels-{end_version}"
        producer = new_producer(talk, name)
        if produce_version < 12:
            talk.settle("add", added(name, producer, "levels", partitions=(place,)), 3)
        data = batch(producer=producer, sequence=0, transactional=True)
        request = produced("levels", data, partition=place, transactional_id=name)
        talk.ask("write", request, produce_version)
        producer = ended(talk, "end", name, producer, end_version, commit=True)
        talk.settle("end again", end(name, producer), end_version)
        talk.settle("abort", end(name, producer, commit=False), end_version)
        talk.ask("read", fetched("levels", isolation=1, partition=place), 12)
        talk.settle("add", added(name, producer, "levels", partitions=(place,)), 3)
        talk.settle("fence", init_id(name), 4)
        talk.ask("read", fetched("levels", partition=place), 12)


SCRIPTS = {update_features.__name__: update_features}
