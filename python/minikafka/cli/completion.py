"""Print a completion script for a shell.

Examples:
  source <(minikafka completion bash)                 in ~/.bashrc
  minikafka completion zsh > ~/.zfunc/_minikafka
  minikafka completion fish > ~/.config/fish/completions/minikafka.fish
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator
from typing import Final

from minikafka.cli.main import VERBS
from minikafka.cli.tree import Command, Option, commands


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


def run(arguments: argparse.Namespace) -> int:
    print(SHELLS[arguments.shell](commands()))
    return 0


def _bash(verbs: list[Command]) -> str:
    cases = []
    for path, command in _all(verbs):
        for option in command.options:
            if option.choices and option.flags:
                patterns = "|".join(f"{path}:{flag}" for flag in option.flags)
                cases.append(f"    {patterns}) words={shlex.quote(' '.join(option.choices))} ;;")
        cases.append(f"    {path}:*) words={shlex.quote(' '.join(_words(command)))} ;;")
    acted = "|".join(verb.name for verb in verbs if verb.actions)
    filled = BASH.replace("@VERBS@", " ".join(VERBS)).replace("@CASES@", "\n".join(cases))
    return filled.replace("@ACTED@", acted)


def _zsh(verbs: list[Command]) -> str:
    # zsh runs bash's completion functions; one script to be right in two shells.
    return f"#compdef minikafka\nautoload -U +X bashcompinit && bashcompinit\n{_bash(verbs)}"


def _fish(verbs: list[Command]) -> str:
    lines = ["complete -c minikafka -f"]
    for name, what in VERBS.items():
        lines.append(f"complete -c minikafka -n __fish_use_subcommand -a {name} -d {shlex.quote(what)}")
    for path, command in _all(verbs):
        seen = " and ".join(f"__fish_seen_subcommand_from {word}" for word in path.split("/"))
        start = f"complete -c minikafka -n {shlex.quote(seen.replace(' and ', '; and '))}"
        lines += [
            f"{start} -a {action.name} -d {shlex.quote(action.text.splitlines()[0])}"
            for action in command.actions
        ]
        lines += [f"{start} {_fish_option(option)}" for option in command.options if option.flags]
        if any(option.argument in FILES for option in command.options if not option.flags):
            lines.append(f"{start} -F")
    return "\n".join(lines)


def _fish_option(option: Option) -> str:
    words = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    if option.choices:
        words.append(f"-x -a {shlex.quote(' '.join(option.choices))}")
    elif option.argument:
        words.append("-r -F" if option.argument in FILES else "-x")
    return " ".join([*words, "-d", shlex.quote(option.help)])


def _all(verbs: list[Command]) -> Iterator[tuple[str, Command]]:
    """Actions before the verb they belong to, by path such as `topic/create`."""
    for verb in verbs:
        for action in verb.actions:
            yield f"{verb.name}/{action.name}", action
        yield verb.name, verb


def _words(command: Command) -> list[str]:
    positional = [choice for option in command.options if not option.flags for choice in option.choices]
    return [action.name for action in command.actions] + positional + command.flags


FILES: Final = frozenset({"FILE", "F", "DIR"})
"""Arguments that are paths; bash falls back to those by itself."""
BASH: Final = """\
_minikafka() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words path
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "@VERBS@ --help --version" -- "$current"))
    return
  fi
  path=${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -gt 2 ]; then
    case "$path" in @ACTED@) path=$path/${COMP_WORDS[2]} ;; esac
  fi
  case "$path:$previous" in
@CASES@
    *) return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _minikafka minikafka"""
SHELLS: Final[dict[str, Callable[[list[Command]], str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
