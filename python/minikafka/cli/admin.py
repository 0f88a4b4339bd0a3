"""The options of the HTTP admin, shared by `serve` and `run`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from minikafka.admin.guards import TOKEN_VARIABLE
from minikafka.admin.server import LOOPBACK, AdminServer
from minikafka.errors import ConfigError


def add_admin_options(parser: argparse.ArgumentParser) -> None:
    """What `admin_server` reads."""
    parser.add_argument(
        "--admin-port", type=int, default=0, metavar="P", help="port of the HTTP admin (a free one)"
    )
    parser.add_argument(
        "--admin-host", default=LOOPBACK, metavar="H",
        help=f"address of the HTTP admin ({LOOPBACK}); one that is not loopback needs a token in {TOKEN_VARIABLE}",
    )  # fmt: skip
    parser.add_argument("--no-admin", action="store_true", help="no HTTP admin")


def admin_server(arguments: argparse.Namespace, environment: Mapping[str, str]) -> AdminServer | None:
    """Holds its port; None with `--no-admin`. Raises ConfigError."""
    if arguments.no_admin:
        return None
    if not 0 <= arguments.admin_port < 65_536:
        raise ConfigError(f"--admin-port {arguments.admin_port} is no port")
    return AdminServer(arguments.admin_host, arguments.admin_port, environment.get(TOKEN_VARIABLE) or None)
