"""The options of the HTTP admin: for those that serve it (`serve`, `run`) and for those that ask it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from minikafka.admin.client import AdminClient
from minikafka.errors import ConfigError

if TYPE_CHECKING:
    from minikafka.admin.server import AdminServer

URL_VARIABLE: Final = "MINIKAFKA_ADMIN_URL"
"""Where the admin is; `run` sets it."""
TOKEN_VARIABLE: Final = "MINIKAFKA_ADMIN_TOKEN"  # noqa: S105 - a name
LOOPBACK: Final = "127.0.0.1"


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
    # The verbs that ask need no server, and are to start fast.
    from minikafka.admin.server import AdminServer

    return AdminServer(arguments.admin_host, arguments.admin_port, environment.get(TOKEN_VARIABLE) or None)


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """What `admin_client` reads."""
    parser.add_argument(
        "--admin", metavar="URL", help=f"the HTTP admin, as `serve` prints it (else {URL_VARIABLE})"
    )


def admin_client(arguments: argparse.Namespace) -> AdminClient:
    """Raises ConfigError when nobody said where."""
    url = arguments.admin or os.environ.get(URL_VARIABLE)
    if not url:
        raise ConfigError(
            f"where is the admin? give --admin URL, as `serve` prints it, or set {URL_VARIABLE}"
        )
    return AdminClient(url, os.environ.get(TOKEN_VARIABLE) or None)
