"""A fault as a value: what it is about, when it strikes, as JSON and back, what is said of one that does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from minikafka.broker.controller_handlers import SERVED_BY_CONTROLLER
from minikafka.errors import ConfigError, ErrorCode
from minikafka.faults.actions import (
    ACTIONS,
    Action,
    Call,
    Close,
    Delay,
    DiskFull,
    DropRequest,
    DropResponse,
    Error,
    FailFsync,
    Hold,
    Kill,
    Pause,
    PowerLoss,
    Reorder,
    SlowDisk,
    subject_of,
)
from minikafka.faults.book import MOST_RULES, Rules, find
from minikafka.faults.names import API_NAMES
from minikafka.faults.plain import from_json, status, to_json
from minikafka.faults.rule import Match, Rule, When, chance
from minikafka.runtime.control.plain import from_plain, to_plain
from minikafka.trace import TraceEvent
from minikafka.types import TopicPartition

EXAMPLES: list[Action] = [
    Error(ErrorCode.NOT_LEADER_OR_FOLLOWER),
    Close(),
    DropRequest(),
    DropResponse(hold=True),
    Hold("request"),
    Delay(200, "request"),
    Reorder(3),
    FailFsync(),
    DiskFull(after_bytes=7),
    SlowDisk(20),
    Kill(),
    PowerLoss(seed=7),
    Pause(),
]
LEAST = {"request": Match(), "disk": Match(broker=1), "event": Match(event="append")}
MOST = {
    "request": Match("Produce", 9, "c", "t", 0, 1, "g", "x", None),
    "disk": Match(broker=1, topic="t", partition=0),
    "event": Match(
        event="isr", broker=1, topic="t", partition=0, facts={"a": "x", "b": 1, "c": True, "d": None}
    ),
}


def struck(when: When, of: int) -> list[int]:
    """Which of so many matching requests are struck, from 1."""
    found: list[int] = []
    for met in range(1, of + 1):
        if when.strikes(met, len(found)):
            found.append(met)
    return found


def test_every_action_has_an_example_here() -> None:
    """So that the tests below cover each."""
    assert {type(example) for example in EXAMPLES} | {Call} == set(ACTIONS.values())


@pytest.mark.parametrize("then", EXAMPLES)
def test_a_rule_survives_json_and_the_control_channel(then: Action) -> None:
    """Both ways, with every field of its match given and with none."""
    subject = subject_of(then)
    chance = None if subject == "disk" else 0.5
    when = When() if isinstance(then, DiskFull) else When(skip=1, times=2, probability=chance, seed=7)
    for rule in (Rule(then, LEAST[subject]), Rule(then, MOST[subject], when, "mine")):
        assert from_json(json.loads(json.dumps(to_json(rule)))) == rule
        assert from_plain(Rule, json.loads(json.dumps(to_plain(rule)))) == rule


def test_json_says_only_what_was_asked_for() -> None:
    """Readable in a shell."""
    rule = Rule(Error(ErrorCode.NOT_COORDINATOR), Match("endtxn", transactional_id="x"), When(nth=3))
    assert to_json(rule) == {
        "match": {"api": "EndTxn", "transactional_id": "x"},
        "when": {"nth": 3},
        "then": {"action": "error", "code": "NOT_COORDINATOR"},
    }
    assert from_json({"then": "close", "when": {"after": 2}}) == Rule(Close(), when=When(skip=2))


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ([], r"a fault is an object, not \[\]"),
        ({}, "a fault says what happens: 'then', one of error, close"),
        ({"the": "close"}, "a fault has no 'the'; did you mean then"),
        ({"then": "dropresponse"}, "did you mean drop_response"),
        ({"then": {"action": "error"}}, "then.code is missing"),
        ({"then": {"action": "error", "code": "NOT_LEADER"}}, "did you mean NOT_LEADER_OR_FOLLOWER"),
        ({"then": {"action": "error", "code": 12345}}, "no error code 12345"),
        ({"then": {"action": "error", "code": True}}, "then.code is the name of an error code"),
        ({"then": {"action": "delay", "sec": 1}}, "then has no 'sec'"),
        ({"then": {"action": "delay", "ms": -1}}, "ms is -1, and must be at least 0"),
        ({"then": {"action": "delay", "ms": "1"}}, "then.ms is '1', and must be a whole number"),
        (
            {"then": {"action": "hold", "what": "reply"}},
            "then.what is 'reply', and must be 'request' or 'resp",
        ),
        ({"then": {"action": "reorder", "behind": 0}}, "behind is 0, and must be at least 1"),
        ({"then": "close", "match": {"api": "Prodce"}}, "no API named 'Prodce'; did you mean Produce"),
        ({"then": "close", "match": {"topics": "t"}}, "match has no 'topics'; did you mean topic"),
        (
            {"then": "close", "match": {"partition": True}},
            "match.partition is True, and must be a whole number",
        ),
        ({"then": "close", "match": "Produce"}, "match is an object, not 'Produce'"),
        ({"then": "close", "when": {"nth": 0}}, "nth is 0, and must be at least 1"),
        ({"then": "close", "when": {"nth": 1, "times": 1}}, "nth says it all"),
        ({"then": "close", "when": {"times": 0}}, "times is 0, and must be at least 1"),
        ({"then": "close", "when": {"probability": 2}}, "must be between 0 and 1"),
        ({"then": "kill"}, "kill happens at an event: say which kind"),
        ({"then": "kill", "match": {"event": "apend"}}, "no kind of event 'apend'; did you mean append"),
        (
            {"then": "kill", "match": {"event": "isr", "api": "Fetch"}},
            "about an event of a node: there is no api",
        ),
        (
            {"then": "close", "match": {"event": "isr"}},
            "close is about requests and replies: there is no event",
        ),
        (
            {"then": "kill", "match": {"event": "isr", "facts": {"x": []}}},
            r"match.facts.x is \[\], and must be a str",
        ),
        ({"then": "call", "match": {"event": "isr"}}, "a function cannot be given as JSON"),
        ({"then": "fail_fsync"}, "fail_fsync is about a disk: say which broker's"),
        (
            {"then": "fail_fsync", "match": {"broker": 1, "topic": "t"}},
            "give topic and partition, or neither",
        ),
        (
            {"then": "disk_full", "match": {"broker": 1}, "when": {"nth": 2}},
            "neither nth, skip, times nor prob",
        ),
        ({"then": "close", "id": 5}, "the id of a fault is a string, not 5"),
        ({"then": "close", "id": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_and_why(plain: Any, said: str) -> None:
    """Whoever typed it finds the mistake in the message."""
    with pytest.raises(ConfigError, match=said):
        from_json(plain)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When(), [1, 2, 3, 4, 5]),
        (When(nth=3), [3]),
        (When(times=2), [1, 2]),
        (When(skip=3), [4, 5]),
        (When(skip=1, times=2), [2, 3]),
        (When(probability=0.0), []),
        (When(probability=1.0, skip=4), [5]),
    ],
)
def test_when_says_which_of_the_matching_requests_are_struck(when: When, expected: list[int]) -> None:
    """Counted from 1."""
    assert struck(when, 5) == expected


def test_chance_depends_on_the_seed_and_the_request_alone() -> None:
    """The same seed strikes the same ones; about as many as asked for; another seed strikes others."""
    half = struck(When(probability=0.5, seed=1), 1000)
    assert half == struck(When(probability=0.5, seed=1), 1000)
    assert 450 < len(half) < 550
    assert half != struck(When(probability=0.5, seed=2), 1000)
    assert all(0 <= chance(seed, 1) < 1 for seed in (0, -1, 1 << 70))


def test_a_rule_without_an_id_is_given_one_and_no_two_have_the_same() -> None:
    """So that lists, traces and whoever heals mean one fault."""
    rules = Rules()
    rules.add(Rule(Close(), id="fault-1"))
    first = rules.add(Rule(Close()))
    assert first.rule.id != "fault-1"
    assert find(rules.in_force, first.rule.id) is first
    assert status(first) == {"id": first.rule.id, "then": {"action": "close"}, "fired": 0}
    with pytest.raises(ConfigError, match="there is a fault 'fault-1' already"):
        rules.add(Rule(Close(), id="fault-1"))
    with pytest.raises(ConfigError, match="no fault 'fault-l' in force; did you mean fault-"):
        find(rules.in_force, "fault-l")


def test_an_event_is_met_by_kind_place_and_what_it_says() -> None:
    """Anything that differs is enough; 1 is not True."""
    event = TraceEvent(7, 0, "isr", "R8", TopicPartition("t", 0), None, {"a": "x", "b": 1})
    met = Match(event="isr", broker=1, topic="t", partition=0, facts={"a": "x", "b": 1, "absent": None})
    assert met.is_event(1, event)
    assert not met.is_event(2, event)
    others: list[dict[str, Any]] = [
        {"event": "append"},
        {"topic": "u"},
        {"partition": 1},
        {"facts": {"b": True}},
        {"facts": {"absent": 0}},
    ]
    assert not any(replace(met, **other).is_event(1, event) for other in others)
    assert not met.is_event(1, event._replace(partition=None))


def test_there_is_a_limit_to_rules() -> None:
    """Every request is held against all of them."""
    rules = Rules(Rule(Close()) for _ in range(MOST_RULES))
    with pytest.raises(ConfigError, match="heal some"):
        rules.add(Rule(Close()))


def test_every_api_of_the_controller_has_a_name_and_those_of_brokers_alone_are_about_brokers() -> None:
    """A rule on AlterPartition that left brokers alone would never strike."""
    assert {key: served.name for key, served in SERVED_BY_CONTROLLER.items()}.items() <= API_NAMES.items()
    assert Match("AlterPartition").between_brokers is True
    assert Match("Fetch").between_brokers is False
