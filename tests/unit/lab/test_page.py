"""The report: one file that stands alone, whatever is in it."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

from minikafka.checker.judge import judge
from minikafka.checker.operation import Op, Operation, Type
from minikafka.history import Event
from minikafka.lab.recorder import Strike
from minikafka.lab.report.lesson import html_of, markdown_of
from minikafka.lab.report.page import page
from minikafka.lab.report.plot import MAX_POINTS, plot, thinned
from minikafka.lab.report.rates import RATE, rates
from minikafka.lab.report.series import Series, duration_ms, series_of
from minikafka.lab.result import Mark, Result
from minikafka.lab.scenarios import scenario
from minikafka.trace import TraceEvent
from minikafka.types import CONTROLLER_ID, TopicPartition

EVIL = '"><script>alert(1)</script>'
ORDERS = TopicPartition("orders", 0)
LINES = (
    Operation(Type.INVOKE, Op.SEND, "p", EVIL, "orders", 0, time_ms=10),
    Operation(Type.OK, Op.SEND, "p", EVIL, "orders", 0, 0, time_ms=20),
    Operation(Type.INVOKE, Op.SEND, "p", "kept", "orders", 0, time_ms=30),
    Operation(Type.OK, Op.SEND, "p", "kept", "orders", 0, 1, time_ms=40),
    Operation(Type.OK, Op.POLL, "reader", "kept", "orders", 0, 1, time_ms=900),
    Operation(Type.OK, Op.READ, "reader", "", "orders", 0, 2, final=True, time_ms=1000),
)
EVENTS = (
    Event(
        1, CONTROLLER_ID, TraceEvent(1, 100, "election", "R13", ORDERS, None, {"leader": 1, "isr": [1, 2]})
    ),
    Event(2, 1, TraceEvent(1, 110, "append", "L3", ORDERS, None, {"base_offset": 0, "last_offset": 1})),
    Event(3, 2, TraceEvent(1, 120, "high_watermark", "R4", ORDERS, None, {"offset": 9})),
    Event(4, 1, TraceEvent(2, 130, "high_watermark", "R4", ORDERS, None, {"offset": 2})),
    Event(5, CONTROLLER_ID, TraceEvent(2, 500, "isr", "R10", ORDERS, None, {"leader": 1, "isr": [1]})),
)


def result(name: str = "acks-leader-killed", configuration: str = "acks=1", **notes: str) -> Result:
    one = scenario(name)
    return Result(
        scenario=one,
        configuration=one.configuration(configuration),
        seed=1,
        target="minikafka",
        mark=Mark.PASS,
        why="",
        seconds=1.0,
        client=judge(LINES),
        notes=notes,
        history=LINES,
        strikes=[Strike("broker 1 dead", None, 300.0, 700.0), Strike(EVIL, None, 900.0)],
        events=EVENTS,
        origin_ms=50.0,
    )


class Tags(HTMLParser):
    """Which elements, ids and references a document has; raises nothing, so balance is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            if name in {"href", "src", "aria-labelledby"}:
                self.references += (value or "").split()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_is_well_formed() -> None:
    """No script, nothing fetched, ids unique and referred to, and a record's id is text whatever it says."""
    html = page([result(), result(configuration="acks=all")], 2.0)
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    assert not tags.names["script"]
    assert not tags.names["link"]
    assert "http" not in html
    assert "url(" not in html
    assert max(tags.ids.values()) == 1
    assert all(one.lstrip("#") in tags.ids for one in tags.references), tags.references
    assert tags.names["svg"] > 2


def test_the_page_names_claim_story_and_command() -> None:
    """What a reader looks for first."""
    html = page([result()], 2.0)
    assert "set acks=all" in html
    assert "The first anomaly, from both sides" in html
    assert "minikafka lab run acks-leader-killed --configuration" in html


def test_the_series_takes_the_leaders_view() -> None:
    """A follower's high watermark is not the partition's; times are on the run's clock."""
    (series,) = series_of(result())
    assert series.acknowledged == [(20, 0), (40, 1)]
    assert series.log_end == [(60, 2)]
    assert series.high_watermark == [(80, 2)]
    assert series.isr == [(50, 1, (1, 2)), (450, 1, (1,))]
    assert series.wrong == {"lost": [(20, 0)]}
    assert duration_ms(result()) == 1000


def test_the_picture_says_itself_in_words() -> None:
    """Who cannot see it is told what is in it."""
    (series,) = series_of(result())
    svg = plot(series, result().strikes, 1000, "x")
    assert "2 acknowledged, 1 read; 1 lost; broker 1 dead" in svg
    assert 'role="img"' in svg
    assert re.search(r'class="wrong" cx="[\d.]+" cy="[\d.]+"', svg)


def test_a_picture_of_nothing_has_a_scale() -> None:
    """No division by zero, no empty axis."""
    assert "<svg" in plot(Series("t", 0), [], 0.0, "x")


def test_many_points_are_thinned_evenly() -> None:
    """A report stays small."""
    points = [(float(n), n) for n in range(10 * MAX_POINTS + 1)]
    few = thinned(points)
    assert len(few) <= MAX_POINTS
    assert few[0] == points[0]
    assert few[-1][1] > 9.9 * MAX_POINTS


def test_a_lesson_keeps_its_blocks() -> None:
    """Indented parts stand as they are; the rest flows, with code marked."""
    lesson = "One\nline with `code`.\n\n    a   table\n    b   row\n"
    assert html_of(lesson) == "<p>One line with <code>code</code>.</p><pre>a   table\nb   row</pre>"
    assert markdown_of(lesson) == "One line with `code`.\n\n```text\na   table\nb   row\n```"


def test_rates_stand_side_by_side() -> None:
    """The longest bar is the fastest; runs that measured nothing are left out."""
    html = rates([result(**{RATE: "1000"}), result(), result(configuration="acks=all", **{RATE: "500"})])
    assert html.count("<rect") == 2
    assert "acks=1: 1,000 records per second; acks=all: 500 records per second" in html
    assert rates([result()]) == ""
