"""What a fault does once it strikes.

| action | the request | its connection |
| --- | --- | --- |
| `error` | is refused with an error code, not carried out | goes on |
| `close` | is not carried out | is closed, after the replies before it |
| `drop_request` | is not carried out, nor is anything behind it | stays open and silent, until its client gives up |
| `drop_response` | is carried out | is closed in the reply's stead; with `hold` it stays open and silent |
| `hold` | waits at the door, or its reply does, until the rule is healed | everything behind waits as well |
| `delay` | the same, for so many ms of broker time | |
| `reorder` | waits until others that match, of other connections, were carried out first | everything behind waits |

Replies of a living connection are never reordered or skipped: clients break on that, and Kafka never does it.

| action | the disk of one broker, or one partition on it |
| --- | --- |
| `fail_fsync` | an fsync fails: the log directory is offline until the next life (D7) |
| `disk_full` | takes so many bytes more; what does not fit is torn, and the log directory is offline (D7) |
| `slow_disk` | an fsync of a segment takes so many ms longer, by the machine's clock |

| action | the node that told an event, at once |
| --- | --- |
| `kill` | its process dies |
| `power_loss` | the same, and what was not on its disk is gone |
| `pause` | it stands still, connections open, until `resume` |
| `call` | it stands still while a function of the test runs |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from minikafka.errors import ConfigError, ErrorCode
from minikafka.faults.names import nearest

Place: TypeAlias = Literal["request", "response"]
PLACES: Final = ("request", "response")


@dataclass(frozen=True, slots=True)
class Error:
    """Answer with this error for everything the request asks; it is not carried out."""

    code: ErrorCode


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection instead of carrying the request out."""


@dataclass(frozen=True, slots=True)
class DropRequest:
    """The request is lost on its way: neither it nor anything behind it on this connection is seen."""


@dataclass(frozen=True, slots=True)
class DropResponse:
    """Carry the request out, then close the connection instead of answering; with `hold` leave it open and silent."""

    hold: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the request, or its reply, until the rule is healed; then it goes on. What is behind it waits as well."""

    what: Place = "response"

    def __post_init__(self) -> None:
        _check_place(self.what)


@dataclass(frozen=True, slots=True)
class Delay:
    """Keep the request, or its reply, for `ms` of broker time. What is behind it waits as well."""

    ms: int
    what: Place = "response"

    def __post_init__(self) -> None:
        _check_place(self.what)
        at_least("ms", self.ms, 0)


@dataclass(frozen=True, slots=True)
class Reorder:
    """Keep the request until `behind` others that match the rule, of other connections, were carried out.

    One that nobody overtakes waits until the rule is healed.
    """

    behind: int = 1

    def __post_init__(self) -> None:
        at_least("behind", self.behind, 1)


@dataclass(frozen=True, slots=True)
class FailFsync:
    """Fsyncs of files and directories fail."""


@dataclass(frozen=True, slots=True)
class DiskFull:
    """So many bytes more can be written. Healed, there is room again; what failed stays failed (D7)."""

    after_bytes: int = 0

    def __post_init__(self) -> None:
        at_least("after_bytes", self.after_bytes, 0)


@dataclass(frozen=True, slots=True)
class SlowDisk:
    """Every fsync of a segment takes `ms` of the machine's time longer."""

    ms: int

    def __post_init__(self) -> None:
        at_least("ms", self.ms, 0)


@dataclass(frozen=True, slots=True)
class Kill:
    """Process death: connections are reset, memory is gone, the page cache survives."""


@dataclass(frozen=True, slots=True)
class PowerLoss:
    """Process death, and what was not on disk is gone; with `seed` a random, torn part of it survives."""

    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stand still, connections open, until somebody lets it go on."""


@dataclass(frozen=True, slots=True)
class Call:
    """Stand still while a function runs that whoever added the rule gave with it."""


RequestAction: TypeAlias = Error | Close | DropRequest | DropResponse | Hold | Delay | Reorder
DiskAction: TypeAlias = FailFsync | DiskFull | SlowDisk
NodeAction: TypeAlias = Kill | PowerLoss | Pause | Call
Action: TypeAlias = RequestAction | DiskAction | NodeAction
Subject: TypeAlias = Literal["request", "disk", "event"]

ACTIONS: Final[dict[str, type[Action]]] = {
    "error": Error,
    "close": Close,
    "drop_request": DropRequest,
    "drop_response": DropResponse,
    "hold": Hold,
    "delay": Delay,
    "reorder": Reorder,
    "fail_fsync": FailFsync,
    "disk_full": DiskFull,
    "slow_disk": SlowDisk,
    "kill": Kill,
    "power_loss": PowerLoss,
    "pause": Pause,
    "call": Call,
}
"""By the name they have in JSON, on the command line and as methods of `kafka.faults`."""
_NAMES: Final = {kind: name for name, kind in ACTIONS.items()}


def action_name(action: Action) -> str:
    """As in `ACTIONS`."""
    return _NAMES[type(action)]


def subject_of(action: Action) -> Subject:
    """What a rule with this action is about."""
    if isinstance(action, DiskAction):
        return "disk"
    return "event" if isinstance(action, NodeAction) else "request"


def place_of(action: Action) -> Place | None:
    """Where it strikes: before a request is carried out, or once its reply is ready; None: at neither."""
    if subject_of(action) != "request":
        return None
    if isinstance(action, Hold | Delay):
        return action.what
    return "response" if isinstance(action, DropResponse) else "request"


def at_least(name: str, value: int, least: int) -> None:
    """Raises ConfigError for less."""
    if value < least:
        raise ConfigError(f"{name} is {value}, and must be at least {least}")


def _check_place(what: str) -> None:
    if what not in PLACES:
        raise ConfigError(f"what is {what!r}, and must be one of {', '.join(PLACES)}{nearest(what, PLACES)}")
