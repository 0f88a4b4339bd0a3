"""`serve --controller-only` and `serve --node-id I --controller HOST:PORT`: one node in this process.

So that a broker can be killed with a real `kill -9` by anybody, and the others go on. What the Apache image's variables
say about roles counts where no option does: `KAFKA_PROCESS_ROLES=broker` with `KAFKA_NODE_ID` and
`KAFKA_CONTROLLER_QUORUM_VOTERS`, or `KAFKA_PROCESS_ROLES=controller`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from minikafka.admin.scope import Alone
from minikafka.admin.server import AdminServer
from minikafka.cli.admin import admin_server
from minikafka.cli.foreground import (
    StopSignals,
    admin_part,
    announce,
    listeners_part,
    ready_line,
    until_halted_or,
)
from minikafka.cli.listeners import EVERYWHERE, client_listener, further_listeners
from minikafka.cli.options import DEFAULT_PORT, cluster_spec
from minikafka.cli.trace_file import trace_file
from minikafka.config import Layer
from minikafka.errors import ConfigError
from minikafka.runtime.lone import LoneNode
from minikafka.runtime.spec import ClusterSpec
from minikafka.runtime.tuning import calm_collector, raise_file_limit
from minikafka.types import CONTROLLER_ID, BrokerId

DEFAULT_CONTROLLER_PORT: Final = 9090
ASSUMED_BROKERS: Final = 3
"""A lone broker is not told how many others there will be: internal topics are made for three, as in Kafka, or for
those that are there."""


class Role(NamedTuple):
    """What this process is. controller: where it is, None for the controller itself."""

    node: BrokerId
    controller: tuple[str, int] | None


def add_role_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--node-id", type=int, metavar="I", help="run broker I alone in this process, with --controller"
    )
    parser.add_argument("--controller", metavar="HOST:PORT", help="join the controller at that address")
    parser.add_argument(
        "--controller-only",
        action="store_true",
        help=f"run the controller alone (port {DEFAULT_CONTROLLER_PORT})",
    )


def role(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Role | None:
    """None: a whole cluster in this process. Raises ConfigError for half a role."""
    roles = environment.get("KAFKA_PROCESS_ROLES", "")
    by_option = arguments.node_id is not None or arguments.controller is not None
    if arguments.controller_only and by_option:
        raise ConfigError("--controller-only goes with neither --node-id nor --controller")
    if arguments.controller_only or (roles == "controller" and not by_option):
        return Role(CONTROLLER_ID, None)
    if not by_option and roles != "broker":
        return None
    node = arguments.node_id if arguments.node_id is not None else _number(environment.get("KAFKA_NODE_ID"))
    voters = environment.get("KAFKA_CONTROLLER_QUORUM_VOTERS", "")
    controller = arguments.controller or voters.split(",")[0].partition("@")[2]
    if node is None:
        raise ConfigError("which broker? --controller goes with --node-id I")
    if not controller:
        raise ConfigError("where is the controller? --node-id goes with --controller HOST:PORT")
    if not 1 <= node < CONTROLLER_ID:
        raise ConfigError(f"broker ids go from 1 to {CONTROLLER_ID - 1}, {node} is not one")
    return Role(node, _address(controller))


async def serve_alone(arguments: argparse.Namespace, who: Role) -> None:
    """Until a signal, or the node's own end."""
    loop = asyncio.get_running_loop()
    signals = StopSignals(loop)
    raise_file_limit()
    spec, port = _spec_and_port(arguments, who)
    for name in spec.resolved().unimplemented:
        sys.stderr.write(f"minikafka: setting {name} is known but has no effect here\n")
    with trace_file(arguments.trace) as file:
        node = LoneNode(loop, replace(spec, trace=file is not None), who.node, port, who.controller)
        if file is not None:
            file.listen(node.driver.history)
        try:
            await _until_over(arguments, who, node, signals)
        finally:
            await node.close()


async def _until_over(arguments: argparse.Namespace, who: Role, node: LoneNode, signals: StopSignals) -> None:
    loop = asyncio.get_running_loop()
    admin = admin_server(arguments, os.environ)
    try:
        starting = loop.create_task(node.start())
        asked = loop.create_task(signals.asked.wait())
        await asyncio.wait((starting, asked), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            return
        asked.cancel()
        await starting
        calm_collector()
        if admin is not None:
            await admin.start(Alone(node))
        if not node.halted:
            _announce(arguments, node, who, admin)
        await until_halted_or(node, signals.asked)
    finally:
        if admin is not None:
            await admin.close()


def _spec_and_port(arguments: argparse.Namespace, who: Role) -> tuple[ClusterSpec, int]:
    if arguments.topic:
        raise ConfigError("-t goes with a whole cluster: create topics once all brokers are there")
    default_port = DEFAULT_CONTROLLER_PORT if who.controller is None else DEFAULT_PORT + who.node - 1
    given = arguments.port
    if given is None and (found := client_listener(os.environ)) is not None:
        default_port, arguments.host = found.port, arguments.host or found.host or EVERYWHERE
    offset = 0 if who.controller is None else who.node - 1
    port = default_port if given is None else given and given + offset
    if not 0 <= port < 65_536:
        raise ConfigError(f"port {port} is none")
    listeners = further_listeners(arguments.listener, arguments.port, os.environ)
    is_counted = arguments.brokers is not None
    arguments.brokers, arguments.port = arguments.brokers or ASSUMED_BROKERS, 0
    spec = replace(cluster_spec(arguments), mode="process", listeners=listeners)
    spec = _with_own_ports(spec, arguments, offset)
    if not is_counted:
        alone = Layer("a broker alone", {"default.replication.factor": 1})
        spec = replace(spec, layers=(*spec.layers, alone))
    return spec, port


def _announce(arguments: argparse.Namespace, node: LoneNode, who: Role, admin: AdminServer | None) -> None:
    host, port = node.address
    event: dict[str, object] = {"event": "ready", **admin_part(admin)}
    if who.controller is None:
        line = f"minikafka ready controller={host}:{port}"
        event |= {"controller": f"{host}:{port}", "pid": os.getpid()}
    else:
        line = ready_line(f"{host}:{port}", admin)
        event["bootstrap_servers"] = f"{host}:{port}"
        event["brokers"] = [
            {"id": who.node, "host": host, "port": port, "pid": os.getpid()} | listeners_part(node.listeners)
        ]
    event["data_dir"] = str(node.directory.path)
    announce(
        event, line, as_json=arguments.json, ready_file=arguments.ready_file, ready_text=arguments.ready_text
    )


def _with_own_ports(spec: ClusterSpec, arguments: argparse.Namespace, offset: int) -> ClusterSpec:
    """Options are the same for all processes and count from broker 1; what the environment says is this one's own."""
    if arguments.advertise is None and spec.advertised is not None:
        spec = replace(spec, advertised=_of_broker_1(spec.advertised, offset))
    if arguments.listener:
        return spec
    own = [
        one._replace(port=one.port - offset, told=_of_broker_1(one.told, offset)) for one in spec.listeners
    ]
    return replace(spec, listeners=tuple(own))


def _of_broker_1(address: tuple[str, int | None], offset: int) -> tuple[str, int | None]:
    host, port = address
    return host, None if port is None else port - offset


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise ConfigError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)
