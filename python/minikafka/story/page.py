r"""A story is a Markdown page whose blocks of commands run, top to bottom, in one simulated cluster.

    ```story
    produce orders "one" acks=all
    ----
    broker 1  L3  append  orders-0  base_offset=0 ...
    ```

Commands come first, one a line; after the line of four dashes stands what they make the cluster tell. A block without
that line expects silence. `rewritten` puts what was really told in place of what stands there, so a page is written by
writing the commands.

After the interaction tests of etcd's raft (datadriven files) and Markdown suites that check their own output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from minikafka.errors import ConfigError

FENCE: Final = "```"
OPENING: Final = "```story"
DIVIDER: Final = "----"


class Block(NamedTuple):
    """One block. first_line: of its first command, counted from 1 as editors do."""

    commands: tuple[str, ...]
    expected: tuple[str, ...]
    first_line: int


def blocks(text: str) -> list[Block]:
    """Every story block of a page, in order. Raises ConfigError for a block that does not end."""
    found: list[Block] = []
    inside: list[str] | None = None
    begins = 0
    for number, line in enumerate(text.splitlines(), 1):
        if inside is None:
            if line.strip() == OPENING:
                inside, begins = [], number + 1
        elif line.strip() == FENCE:
            found.append(_block(inside, begins))
            inside = None
        else:
            inside.append(line)
    if inside is not None:
        raise ConfigError(f"line {begins - 1}: the story block that begins here does not end")
    return found


def _block(lines: list[str], first_line: int) -> Block:
    at = lines.index(DIVIDER) if DIVIDER in lines else len(lines)
    commands = tuple(line for line in lines[:at] if line.strip())
    return Block(commands, tuple(line.rstrip() for line in lines[at + 1 :]), first_line)


def rewritten(text: str, told: Sequence[Sequence[str]]) -> str:
    """The page with `told[i]` as the output of its i-th block."""
    lines: list[str] = []
    outputs = iter(told)
    inside = skipping = False
    for line in text.splitlines():
        if not inside:
            inside = line.strip() == OPENING
        elif line.strip() == FENCE:
            output = next(outputs)
            lines += [DIVIDER, *output] if output else []
            inside = skipping = False
        elif line == DIVIDER:
            skipping = True
        if not skipping:
            lines.append(line)
    return "\n".join(lines) + "\n"
