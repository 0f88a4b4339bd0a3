"""Run brokers in the foreground until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import os

from minikafka.cli.admin import add_admin_options, admin_server
from minikafka.cli.foreground import StopSignals, announce, ready_event, ready_line, running, until_halted_or
from minikafka.cli.lone import add_role_options, role, serve_alone
from minikafka.cli.options import add_cluster_options, cluster_spec
from minikafka.runtime.loop import TurnLoop


def configure(parser: argparse.ArgumentParser) -> None:
    add_cluster_options(parser)
    add_role_options(parser)
    add_admin_options(parser)
    parser.add_argument("--json", "-J", action="store_true", help="print the readiness line as JSON")
    parser.add_argument("--ready-file", metavar="F", help="write the readiness JSON there, by rename")


def run(arguments: argparse.Namespace) -> int:
    who = role(arguments, os.environ)
    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        runner.run(_serve(arguments) if who is None else serve_alone(arguments, who))
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    signals = StopSignals(asyncio.get_running_loop())
    spec, admin = cluster_spec(arguments), admin_server(arguments, os.environ)
    async with running(spec, admin) as supervisor:
        if not signals.asked.is_set():
            announce(
                ready_event(supervisor, admin),
                ready_line(supervisor.bootstrap_servers, admin),
                as_json=arguments.json,
                ready_file=arguments.ready_file,
            )
        await until_halted_or(supervisor.hosting, signals.asked)
