"""Who may ask.

The admin can kill brokers and read every record's whereabouts, and any web page that a developer visits can make their
browser send requests to 127.0.0.1. So, on a loopback address:

- `Host` must name loopback or the address that is bound. A page whose name was made to point to 127.0.0.1 (DNS
  rebinding) still says its own name there.
- `Origin`, which browsers send with what scripts and forms ask, must be the admin itself; so must `Sec-Fetch-Site`.
- A body must be `application/json`, which no form can send and no script of another origin may.

Bound wider, every request needs the token, which no page knows: `Authorization: Bearer TOKEN`.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final

from minikafka.admin.problem import Problem
from minikafka.errors import ConfigError

LOOPBACK_NAMES: Final = frozenset({"localhost"})
SAME_SITE: Final = frozenset({"same-origin", "none"})
SHORTEST_TOKEN: Final = 16
TOKEN_VARIABLE: Final = "MINIKAFKA_ADMIN_TOKEN"  # noqa: S105 - a name


class Guard:
    """Lets requests through or not. host: the address bound. token: None where loopback is protection enough."""

    def __init__(self, host: str, token: str | None = None) -> None:
        """Raises ConfigError for a wide address without a token, or a token that could be guessed."""
        if token is None and not is_loopback(host):
            raise ConfigError(
                f"the admin on {host} can be reached from elsewhere, so it needs a token: set {TOKEN_VARIABLE}"
            )
        if token is not None and (
            len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()
        ):
            raise ConfigError(f"an admin token has at least {SHORTEST_TOKEN} printable ASCII characters")
        self._host = host
        self._token = token

    def check(self, headers: Mapping[str, str]) -> None:
        """headers: by lower-case name. Raises Problem: 400, 401 or 403."""
        host = headers.get("host", "")
        if not host:
            raise Problem(400, "the request has no Host")
        name = host_name(host)
        if self._token is None and name != self._host.lower() and not is_loopback(name):
            raise Problem(403, f"Host {host[:100]!r} is not this server: use 127.0.0.1 or localhost")
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            raise Problem(403, f"pages of {origin[:100]!r} may not use the admin")
        if headers.get("sec-fetch-site", "none") not in SAME_SITE:
            raise Problem(403, "pages of other sites may not use the admin")
        if self._token is not None:
            self._check_token(headers.get("authorization", ""))

    def _check_token(self, authorization: str) -> None:
        scheme, _, given = authorization.partition(" ")
        assert self._token is not None
        is_right = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if scheme.lower() != "bearer" or not is_right:
            raise Problem(
                401, f"send Authorization: Bearer and the admin's token (its {TOKEN_VARIABLE})",
                (("WWW-Authenticate", "Bearer"),),
            )  # fmt: skip


def host_name(host: str) -> str:
    """The name in a Host header: `[::1]:80` -> `::1`, `LOCALHOST:9` -> `localhost`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_loopback(name: str) -> bool:
    """Whether a name or an address can only be this machine."""
    if name.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
