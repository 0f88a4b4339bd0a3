"""Write docs/reference/cli.md from what argparse is told.

python tools/cli_page.py            # rewrite the page
python tools/cli_page.py --check    # write nothing; status 1 if it is stale
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from textwrap import dedent

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minikafka.cli.main import VERBS
from minikafka.cli.tree import Option, commands

from tools.pages import cell, write

INTRODUCTION = """# The command line

`minikafka VERB [options]`; `minikafka VERB --help` says the same as this page. It is written from the code.

Every verb that prints takes `--json` (`-J`): one JSON object per line, with the columns of the table as names. Verbs
that speak to any Kafka take `-b HOST:PORT,...`, else `KAFKA_BOOTSTRAP_SERVERS` from the environment, else
`127.0.0.1:9092`; they need no client library. Progress is shown on stderr when that is a terminal and the work takes
longer than half a second.

| status | meaning |
| --- | --- |
| 0 | fine |
| 1 | checked and false: a cluster refused, a file is damaged, a verdict failed |
| 2 | the arguments, ports or directories are wrong; nothing was done |
| 3 | could not tell: nobody answered |
| 130 | interrupted |
"""


def page() -> str:
    """The whole page."""
    verbs = commands()
    lines = [INTRODUCTION, "| verb | meaning |", "| --- | --- |"]
    lines += [f"| [`{verb.name}`](#{verb.name}) | {VERBS[verb.name]} |" for verb in verbs]
    for verb in verbs:
        lines += ["", f"## {verb.name}", "", *_text(verb.text), *_options(verb.options)]
        for action in verb.actions:
            arguments = " ".join(f"`{each.argument}`" for each in action.options if not each.flags)
            lines += [
                "",
                f"### {verb.name} {action.name}",
                "",
                f"{_sentence(action.text)} {arguments}".rstrip(),
            ]
            lines += _options(action.options)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _text(text: str) -> Iterator[str]:
    """Prose as it is; indented lines, which are examples, as a block of their own."""
    for is_example, lines in groupby(text.splitlines(), key=lambda line: line.startswith("  ")):
        block = dedent("\n".join(lines)).strip("\n")
        if is_example:
            yield f"```text\n{block}\n```\n"
        elif block not in {"", "Examples:"}:
            yield block.removesuffix("Examples:") if block.endswith("Examples:") else f"{block}\n"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _options(options: tuple[Option, ...]) -> Iterator[str]:
    wanted = [option for option in options if "--help" not in option.flags]
    if wanted:
        yield from ("", "| option | meaning |", "| --- | --- |")
    for option in wanted:
        names = ", ".join(f"`{flag}`" for flag in option.flags)
        argument = f"`{cell(option.argument)}`" if option.argument else ""
        dots = "..." if option.repeats else ""
        words = (
            f" ({', '.join(option.choices)})"
            if option.choices and option.argument not in words_of(option)
            else ""
        )
        yield f"| {' '.join(filter(None, (names, argument)))}{dots} | {cell(option.help)}{words} |"


def words_of(option: Option) -> set[str]:
    """An argument that is named by its choices needs them no second time."""
    return {"|".join(option.choices)}


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    return write("cli.md", page, arguments)


if __name__ == "__main__":
    sys.exit(main())
