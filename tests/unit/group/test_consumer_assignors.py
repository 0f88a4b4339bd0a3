"""The server-side assignors and the patterns of topic names (G12, G16)."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer import assignor_range, assignor_uniform
from minikafka.group.consumer.member import ConsumerMember
from minikafka.group.consumer.regex import TopicPattern
from minikafka.group.consumer.subscriptions import Subscriber
from minikafka.group.consumer.target_assignment import preferred_assignor

from tests.unit.group.consumer_kit import slots

A, B = b"a".ljust(16, b"-"), b"b".ljust(16, b"-")
BOTH = frozenset({A, B})


def test_g16_range_gives_consecutive_partitions_and_equal_places() -> None:
    """Of each topic; the first members get one more; static members come first."""
    members = {"m1": Subscriber(None, BOTH), "m2": Subscriber(None, BOTH), "z": Subscriber("i", BOTH)}
    assert assignor_range.assign(members, {A: 4, B: 3}) == {
        "z": slots("a", 0, 1) | slots("b", 0),
        "m1": slots("a", 2) | slots("b", 1),
        "m2": slots("a", 3) | slots("b", 2),
    }


def test_g16_uniform_moves_only_the_surplus() -> None:
    """Of six, the newcomer gets two and the others keep two each of theirs."""
    before = {"m1": slots("a", 0, 1, 2), "m2": slots("a", 3, 4, 5)}
    members = {
        name: Subscriber(None, frozenset({A}), before.get(name, frozenset())) for name in ("m1", "m2", "m3")
    }
    after = assignor_uniform.assign(members, {A: 6})
    assert [len(after[name]) for name in members] == [2, 2, 2]
    assert after["m1"] < before["m1"]
    assert after["m2"] < before["m2"]


TOPICS = [bytes([number]) * 16 for number in range(3)]
SUBSCRIBERS = st.dictionaries(
    st.sampled_from([f"m{number}" for number in range(6)]), st.frozensets(st.sampled_from(TOPICS)), min_size=1
)
COUNTS = st.fixed_dictionaries({each: st.integers(0, 9) for each in TOPICS})


@pytest.mark.parametrize("assign", [assignor_range.assign, assignor_uniform.assign])
@given(SUBSCRIBERS, COUNTS, SUBSCRIBERS, COUNTS)
def test_g16_every_partition_has_one_subscribed_owner(assign, first, counts, second, later) -> None:  # type: ignore[no-untyped-def]
    """If anybody subscribes; also when members, subscriptions and counts change; uniform is even and then stays."""
    target: dict[str, frozenset] = {}  # type: ignore[type-arg]
    for subscriptions, sizes in ((first, counts), (second, later)):
        members = {
            name: Subscriber(None, topics, target.get(name, frozenset()))
            for name, topics in subscriptions.items()
        }
        target = assign(members, sizes)
        owned = [slot for each in target.values() for slot in each]
        wanted = {topic for topics in subscriptions.values() for topic in topics}
        assert sorted(owned) == sorted((topic, index) for topic in wanted for index in range(sizes[topic]))
        assert all(slot.topic_id in subscriptions[name] for name, each in target.items() for slot in each)
    if assign is assignor_uniform.assign:
        for name, each in target.items():
            readable = {slot.topic_id for slot in each}
            for other, topics in second.items():
                assert not readable & topics or len(each) - len(target[other]) <= 1, (name, other)
        again = {name: Subscriber(None, topics, target[name]) for name, topics in second.items()}
        assert assign(again, later) == target


def test_g16_the_most_wanted_assignor_wins() -> None:
    """Without votes, the first configured."""
    wanting = [ConsumerMember("a", assignor="range"), ConsumerMember("b"), ConsumerMember("c")]
    assert preferred_assignor(wanting, ("uniform", "range")) == "range"
    assert preferred_assignor(wanting[1:], ("uniform", "range")) == "uniform"


PATTERNS = [
    "orders", "ord.*", ".*", "", "a|b|cd", "(a|b)+c?", "[a-c]{2,3}", "[^a-c]+", r"a\.b", r"\w+-\d{3}", "^a.*z$",
    "(?:ab)*", "(?P<x>a)b", "a{2}", "a{2,}", "a{,2}", "(?i)OrD.*", "[]a]+", "[a-]+", r"[\d.]+", "(a?)*b", "a*?b+?",
    "()|a",
]  # fmt: skip
NAMES = st.text("abcdz.-019ORDord{},2]", max_size=8)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(NAMES)
def test_g12_patterns_match_as_everybody_expects(pattern: str, name: str) -> None:
    """The same as Python's own full match."""
    expected = r"a\{,2\}" if pattern == "a{,2}" else pattern
    assert TopicPattern(pattern).matches(name) is (re.fullmatch(expected, name) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[", "*a", "a{3,2}", "a{1001}", r"(a)\1", "(?=a)", "(?<=a)b", "[z-a]", "\\", "(?<x", "(" * 60 + ")" * 60,
     "(((a{1000}){1000}){1000})"],
)  # fmt: skip
def test_g12_what_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    """INVALID_REGULAR_EXPRESSION [128]."""
    with pytest.raises(Rejected) as refused:
        TopicPattern(pattern)
    assert refused.value.code is ErrorCode.INVALID_REGULAR_EXPRESSION


def test_g12_no_pattern_runs_away() -> None:
    """What takes a backtracking matcher 2^100 steps takes this one a moment."""
    started = time.monotonic()
    assert not TopicPattern("(a*)*(a|aa)+b").matches("a" * 200)
    assert time.monotonic() - started < 2
