"""Pages and commands of stories, without a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from minikafka.cli.main import main
from minikafka.errors import ConfigError
from minikafka.story.command import Command, duration_ms
from minikafka.story.page import Block, blocks, rewritten
from minikafka.story.session import Story
from minikafka.types import TopicPartition

PAGE = """# A page

```story
cluster brokers=1
topic orders

produce orders "one"
----
old line
```
prose
```sh
not ours
```
```story
advance 1s
```
"""


def test_blocks_are_found_with_their_expected_output() -> None:
    """Other fences are not ours; a block without a divider expects silence."""
    assert blocks(PAGE) == [
        Block(("cluster brokers=1", "topic orders", 'produce orders "one"'), ("old line",), 4),
        Block(("advance 1s",), (), 16),
    ]


def test_rewriting_replaces_output_and_nothing_else() -> None:
    """A block that became silent loses its divider; one that speaks gets one."""
    assert rewritten(PAGE, [["old line"], []]) == PAGE
    assert rewritten(rewritten(PAGE, [[], ["new"]]), [["old line"], []]) == PAGE
    assert "advance 1s\n----\nnew\n```" in rewritten(PAGE, [[], ["new"]])


def test_a_block_that_does_not_end_is_named_by_its_line() -> None:
    """The reader is told where it begins."""
    with pytest.raises(ConfigError, match="line 1"):
        blocks("```story\nadvance 1s\n")


def test_a_command_is_words_and_options() -> None:
    """Quotes group, `#` begins a comment, dotted names are settings."""
    command = Command.parse('topic orders "a b" retention.ms=100 # why')
    assert command == ("topic", ("orders", "a b"), {"retention.ms": "100"})
    assert Command.parse("# nothing") is None
    parsed = Command.parse("show big-topic-2")
    assert parsed is not None
    assert parsed.partition() == TopicPartition("big-topic", 2)


def test_durations() -> None:
    """With a unit, always."""
    assert [duration_ms(text) for text in ("250ms", "10s", "2m", "1h")] == [250, 10_000, 120_000, 3_600_000]
    with pytest.raises(ConfigError, match="no duration"):
        duration_ms("10")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("explode 1", "no command 'explode'"),
        ("kill 1", "begins with `cluster`"),
        ("produce orders 'one", "No closing quotation"),
    ],
)
def test_a_mistake_is_named_with_its_line(line: str, says: str) -> None:
    """What cannot be run says why."""
    with pytest.raises(ConfigError, match=says):
        Story().run([line])


def test_the_verb_compares_and_rewrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 and the difference while the page is wrong; 0 once it is rewritten; 2 for a page without stories."""
    page = tmp_path / "page.md"
    page.write_text('```story\ncluster brokers=1\ntopic orders\ntrace ack\nproduce orders "one"\n```\n')
    assert main(["story", str(page)]) == 1
    assert "+broker 1    R7   ack" in capsys.readouterr().out
    assert main(["story", str(page), "--rewrite"]) == 0
    assert main(["story", str(page)]) == 0
    page.write_text("nothing")
    assert main(["story", str(page)]) == 2
