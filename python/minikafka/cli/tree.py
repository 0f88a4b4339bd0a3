"""The command line as data, for completion and for the reference page: what argparse was told, read back."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple


class Option(NamedTuple):
    """flags: empty for a positional argument. choices: the words it takes, when there are few."""

    flags: tuple[str, ...]
    argument: str
    help: str
    choices: tuple[str, ...]
    repeats: bool


class Command(NamedTuple):
    """A verb, or an action of one. text: its description, as `--help` prints it."""

    name: str
    text: str
    options: tuple[Option, ...]
    actions: tuple[Command, ...]

    @property
    def flags(self) -> list[str]:
        """Every flag, long and short."""
        return [flag for option in self.options for flag in option.flags]


def commands() -> list[Command]:
    """Every verb, in the order of `minikafka --help`."""
    from minikafka.cli.main import VERBS, loaded

    return [_command(name, loaded(name)[1]) for name in VERBS]


def _command(name: str, parser: argparse.ArgumentParser) -> Command:
    options, actions = [], []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to be read
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            actions = [
                _command(each, found)._replace(text=found.description or helps.get(each, ""))
                for each, found in action.choices.items()
            ]
        elif action.help != argparse.SUPPRESS:
            options.append(_option(action))
    return Command(name, (parser.description or "").strip(), tuple(options), tuple(actions))


def _option(action: argparse.Action) -> Option:
    takes_argument = action.nargs != 0
    choices = tuple(map(str, action.choices or ()))
    name = _metavar(action.metavar) or "|".join(choices) or action.dest.upper()
    many = action.nargs in {"*", "+", argparse.REMAINDER} or type(action).__name__ == "_AppendAction"
    return Option(
        tuple(action.option_strings),
        name if takes_argument else "",
        # Doubled for argparse's own sake.
        (action.help or "").replace("%%", "%"),
        choices,
        many,
    )


def _metavar(metavar: str | Sequence[str] | None) -> str:
    return metavar if isinstance(metavar, str) else " ".join(metavar or ())
