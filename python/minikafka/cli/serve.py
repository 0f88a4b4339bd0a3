"""Run brokers in the foreground until SIGINT or SIGTERM.

Examples:
  minikafka serve
  minikafka serve -n 3 -p 9092 -t orders:6:3 -c min.insync.replicas=2
  minikafka serve -d ./data --durability fsync --config-file server.properties
  minikafka serve -n 3 -p 0 --json --ready-file ready.json
  minikafka serve --host 0.0.0.0 --advertise broker.example:19092
  minikafka serve --controller-only -d ./data       and then, each in a process of its own:
  minikafka serve --node-id 1 --controller 127.0.0.1:9090 -d ./data
"""

from __future__ import annotations

import argparse
import asyncio
import os

from minikafka.cli.admin import add_admin_options, admin_server
from minikafka.cli.foreground import StopSignals, announce, ready_event, ready_line, running, until_halted_or
from minikafka.cli.lone import add_role_options, role, serve_alone
from minikafka.cli.options import add_cluster_options, cluster_spec
from minikafka.cli.trace_file import add_trace_option
from minikafka.runtime.loop import TurnLoop


def configure(parser: argparse.ArgumentParser) -> None:
    add_cluster_options(parser)
    add_role_options(parser)
    add_admin_options(parser)
    add_trace_option(parser)
    parser.add_argument("--json", "-J", action="store_true", help="print the readiness line as JSON")
    parser.add_argument("--ready-file", metavar="F", help="write the readiness JSON there, by rename")
    parser.add_argument(
        "--ready-text",
        metavar="TEXT",
        help="say this on stderr when ready, to those who wait for Kafka's own words",
    )


def run(arguments: argparse.Namespace) -> int:
    who = role(arguments, os.environ)
    with asyncio.Runner(loop_factory=TurnLoop) as runner:
        runner.run(_serve(arguments) if who is None else serve_alone(arguments, who))
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    signals = StopSignals(asyncio.get_running_loop())
    spec, admin = cluster_spec(arguments), admin_server(arguments, os.environ)
    async with running(spec, admin, arguments.trace) as supervisor:
        if not signals.asked.is_set():
            announce(
                ready_event(supervisor, admin),
                ready_line(supervisor.bootstrap_servers, admin),
                as_json=arguments.json,
                ready_file=arguments.ready_file,
                ready_text=arguments.ready_text,
            )
        await until_halted_or(supervisor.hosting, signals.asked)
