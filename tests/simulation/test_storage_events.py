"""What a broker tells of its directory: deaths, recovery, checkpoints, flushes (D1-D4, D6)."""

from __future__ import annotations

from minikafka.history import Event
from minikafka.story.session import Story


def told(*commands: str) -> list[Event]:
    """The events of a story's commands, after its topic was made."""
    story = Story()
    story.run(["cluster brokers=3", "topic orders rf=3"])
    before = story.world.history.last_seq
    story.run(commands)
    return [event for event in story.world.history.events(after=before) if event.topic in (None, "orders")]


def of_broker_1(events: list[Event], *rules: str) -> list[tuple[str, object]]:
    return [
        (event.rule, event.get("log_end_offset"))
        for event in events
        if event.broker == 1 and event.rule in rules
    ]


def test_d1_a_killed_broker_finds_no_note_and_a_stopped_one_does() -> None:
    """The note decides whether everything is believed (D3) or recovered (D2)."""
    produce = "produce orders one"
    killed = told(produce, "kill 1", "start 1")
    assert [event.get("clean") for event in killed if event.rule == "D1" and event.broker == 1] == [False]
    assert of_broker_1(killed, "D2", "D3")[0] == ("D2", 1)
    stopped = told(produce, "stop 1", "start 1")
    assert [event.get("what") for event in stopped if event.rule == "D1" and event.broker == 1] == [
        "stopped",
        "started",
    ]
    assert ("D3", 1) in of_broker_1(stopped, "D2", "D3")


def test_d2_a_power_cut_ends_the_log_lower() -> None:
    """Nothing was flushed, so recovery finds nothing; the ledger reads that as the reason of a loss."""
    lost = told("produce orders one", "power-loss 1", "start 1")
    assert ("D2", 0) in of_broker_1(lost, "D2")


def test_d4_the_high_watermark_is_restored_within_the_log() -> None:
    """The checkpoint is at most five seconds old, and capped by what is left of the log."""
    events = told("produce orders one", "advance 6s", "kill 1", "start 1")
    (restored,) = [event for event in events if event.rule == "D4" and event.broker == 1]
    assert (restored.get("checkpointed"), restored.get("high_watermark")) == (1, 1)


def test_d6_checkpoints_are_told_when_they_are_on_disk() -> None:
    """High watermarks every five seconds, recovery points every minute."""
    events = told("produce orders one", "advance 61s")
    files = {name for event in events if event.rule == "D6" for name in event.facts["files"]}
    assert {"replication-offset-checkpoint", "recovery-point-offset-checkpoint"} <= files
