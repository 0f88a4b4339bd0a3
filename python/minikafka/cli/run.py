"""Start brokers, run a command with their address in its environment, stop, and exit with the command's status.

The address is in KAFKA_BOOTSTRAP_SERVERS, BOOTSTRAP_SERVERS, SPRING_KAFKA_BOOTSTRAP_SERVERS and RPK_BROKERS, that of
the HTTP admin in MINIKAFKA_ADMIN_URL.

Examples:
  minikafka run -- go test ./...
  minikafka run -n 3 -t orders:6:3 -c min.insync.replicas=2 -- mvn -q test
  minikafka run -n 3 -- sh -c 'minikafka topic create orders && npm test'
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal

from minikafka.cli.admin import URL_VARIABLE, add_admin_options, admin_server
from minikafka.cli.foreground import running
from minikafka.cli.options import add_cluster_options, cluster_spec
from minikafka.cli.trace_file import add_trace_option
from minikafka.errors import ConfigError
from minikafka.runtime.loop import TurnLoop

ADDRESS_VARIABLES = (
    "KAFKA_BOOTSTRAP_SERVERS",
    "BOOTSTRAP_SERVERS",
    "SPRING_KAFKA_BOOTSTRAP_SERVERS",
    "RPK_BROKERS",
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_cluster_options(parser)
    add_admin_options(parser)
    add_trace_option(parser)
    parser.set_defaults(port=0)
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command and its arguments"
    )


def run(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise ConfigError("nothing to run: minikafka run [options] -- CMD ...")
    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        return runner.run(_run(arguments, command))


async def _run(arguments: argparse.Namespace, command: list[str]) -> int:
    spec, admin = cluster_spec(arguments), admin_server(arguments, os.environ)
    async with running(spec, admin, arguments.trace) as supervisor:
        addresses = dict.fromkeys(ADDRESS_VARIABLES, supervisor.bootstrap_servers)
        if admin is not None:
            addresses[URL_VARIABLE] = admin.url
        try:
            child = await asyncio.create_subprocess_exec(*command, env=os.environ | addresses)
        except OSError as error:
            raise ConfigError(f"cannot run {command[0]}: {error.strerror}") from None
        loop = asyncio.get_running_loop()
        # A terminal sends its interrupt to the command as well; only what was meant for us alone is passed on.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_signal_handler(signal.SIGTERM, child.terminate)
        status = await child.wait()
        # As a shell reports a command that a signal ended.
        return status if status >= 0 else 128 - status
