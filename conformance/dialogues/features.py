"""UpdateFeatures, last: it changes the cluster (C2)."""

from __future__ import annotations

from minikafka.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from minikafka.wire.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest

from conformance.dialogues.talk import Talk

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


SCRIPTS = {update_features.__name__: update_features}
