"""The same raw requests to Apache Kafka 4.4.0 and to minikafka: `python -m conformance.differential [script ...]`.

Both are single brokers with Kafka's defaults. Answers are compared field by field (`dialogues/normal.py` tells what is
not compared); `dialogues/excused.py` lists what may differ and why. Anything else is a failure, as is a stale excuse.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from minikafka.wire.messages.find_coordinator import FindCoordinatorRequest

from conformance import build
from conformance.dialogues.compare import Difference, Excuse, differences, unexcused, unused
from conformance.dialogues.excused import EXCUSED
from conformance.dialogues.requests import init_id, offsets_of
from conformance.dialogues.scripts import SCRIPTS
from conformance.dialogues.talk import Step, Talk
from conformance.targets import Target, running
from conformance.targets.apache_kafka import ApacheKafka
from conformance.targets.minikafka import MiniKafka

Script = Callable[[Talk], None]
Transcripts = dict[str, Sequence[Step]]

CONFIG = {
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}
"""Small internal topics on both sides, and no wait for group members that will not come."""


def transcribe(target: Target, names: Sequence[str]) -> Transcripts:
    """Run the scripts one after another. One that breaks off says so in a last step, which no other broker shares."""
    with running(target):
        settle_coordinators(target.bootstrap_servers)
        return {name: _run(SCRIPTS[name], target.bootstrap_servers) for name in names}


def settle_coordinators(address: str) -> None:
    """Have the internal topics made, and led: how long that takes is no part of the contract."""
    talk = Talk(address)
    for kind, key in enumerate(("group", "transactional id")):
        talk.settle(key, FindCoordinatorRequest(key, kind), 3)
    talk.settle("transactions", init_id("transactional id"), 4)
    talk.settle("groups", offsets_of(7, "group", None), 7)
    talk.close()


def compare(names: Sequence[str]) -> list[Difference]:
    """All differences between the two brokers, excused or not."""
    targets: list[Target] = [
        ApacheKafka(config=CONFIG),
        MiniKafka(config=CONFIG, arguments=("--profile", "faithful")),
    ]
    with ThreadPoolExecutor(len(targets)) as pool:
        kafka, minikafka = pool.map(transcribe, targets, [names] * len(targets))
    return [each for name in names for each in differences(name, kafka[name], minikafka[name])]


def judge(found: Sequence[Difference], excuses: Sequence[Excuse]) -> list[str]:
    """What fails: differences nobody excused, and excuses of nothing."""
    return [
        *map(str, unexcused(found, excuses)),
        *(f"stale excuse: {excuse}" for excuse in unused(found, excuses)),
    ]


def _run(script: Script, address: str) -> Sequence[Step]:
    talk = Talk(address)
    try:
        script(talk)
    except Exception:  # noqa: BLE001 - whatever breaks a script belongs into its transcript
        talk.steps.append(Step(f"{address} broke off", {"outcome": traceback.format_exc()}))
    finally:
        talk.close()
    return talk.steps


def main(arguments: Sequence[str]) -> int:
    build.build("java")
    names = arguments or list(SCRIPTS)
    found = compare(names)
    # Of some scripts alone nothing can be said about what the others need excused.
    failures = [str(each) for each in unexcused(found, EXCUSED)] if arguments else judge(found, EXCUSED)
    print("\n".join(failures))
    print(f"{len(names)} scripts, {len(found)} differences, {len(failures)} not excused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
