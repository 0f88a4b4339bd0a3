"""`minikafka VERB ...`: finds the verb, maps failures to exit statuses.

0 fine, 1 checked and false, 2 the arguments (or ports, or directories) are wrong, 3 could not tell, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol, cast

from minikafka import __version__
from minikafka.errors import ConfigError, MinikafkaError, RequestRefused
from minikafka.interpreter import check_interpreter

VERBS: Final = {
    "serve": "run brokers in the foreground",
    "run": "start brokers, run a command against them, stop",
    "lab": "try every claim about lost and repeated messages, both ways, with a real client",
    "story": "run a page of docs/learn in the simulator and check what it shows",
    "inspect": "the live state of a running cluster: offsets, ISR, epochs, producers, what waits",
    "fault": "faults of a running cluster: list, add, heal",
    "trace": "what brokers did and why: replay a trace, or live",
    "config": "settings in force and where each came from",
    "apis": "the APIs and versions served, here or by any Kafka",
    "topic": "topics of any Kafka: list, describe, create, alter, delete, offsets",
    "produce": "append records to a topic of any Kafka",
    "consume": "read records of any Kafka, by partition or as a group's member",
    "group": "consumer groups of any Kafka: list, describe, offsets, reset, delete",
    "txn": "transactions of any Kafka: list, describe, producers, find-hanging, abort",
    "dump": "decode files of a log directory, of minikafka or of Apache Kafka",
    "sim": "simulate clusters, clients and misfortunes from a seed, and judge what became of them",
    "doctor": "check the build, limits, ports, disk, clients, and that a record comes through",
    "completion": "print a completion script for bash, zsh or fish",
}
FALSE: Final = 1
USAGE: Final = 2
COULD_NOT_TELL: Final = 3
INTERRUPTED: Final = 130


class Verb(Protocol):
    """One module of this package."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; return the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in VERBS:
        _parser().parse_args(words)
        _parser().print_help(sys.stderr)
        return USAGE
    name = words[0]
    try:
        check_interpreter()
        verb, parser = loaded(name)
        return verb.run(parser.parse_args(words[1:]))
    except ConfigError as error:
        return _fail(error, USAGE)
    except RequestRefused as error:
        return _fail(error, FALSE)
    except MinikafkaError as error:
        return _fail(error, COULD_NOT_TELL)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def loaded(name: str) -> tuple[Verb, argparse.ArgumentParser]:
    """A verb and its parser; the verb's docstring, examples and all, is its help."""
    verb = cast("Verb", import_module(f"minikafka.cli.{name}"))
    parser = argparse.ArgumentParser(
        prog=f"minikafka {name}",
        description=verb.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.configure(parser)
    return verb, parser


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    parser = argparse.ArgumentParser(
        prog="minikafka",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A small Kafka broker for tests of what happens to messages.\n\n"
        + "\n".join(f"  {name:{width}}  {what}" for name, what in VERBS.items()),
        epilog="`minikafka VERB --help` says more.",
    )
    parser.add_argument("--version", action="version", version=f"minikafka {__version__}")
    parser.add_argument("verb", choices=VERBS, metavar="VERB")
    return parser


def _fail(error: MinikafkaError, status: int) -> int:
    sys.stderr.write(f"minikafka: {error}\n")
    return status
