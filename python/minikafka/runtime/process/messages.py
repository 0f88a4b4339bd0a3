"""What parent and child say to one another; each message is a dataclass, on the channel `{"Name": [fields]}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from minikafka.faults.rule import Rule
from minikafka.runtime.control.time import Stand
from minikafka.runtime.control.views import NodeView, Question
from minikafka.runtime.plan import NodePlan
from minikafka.trace import TraceEvent
from minikafka.types import BrokerId, Now, Offset

# To the child.


@dataclass(frozen=True, slots=True)
class Begin:
    """The first message: become this node. seed: of its ids, None for the system's random numbers.

    trace_after: the `n` of the last event that was heard of its earlier lives. wall_shift_ms: by how much wall time is
    ahead of the machine's.
    """

    plan: NodePlan
    seed: str | None
    trace_after: int
    wall_shift_ms: int


@dataclass(frozen=True, slots=True)
class Start:
    """Begin to live. Everything that is to hold from the first moment was said before."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop cleanly; ends with `Ended`."""


@dataclass(frozen=True, slots=True)
class Leave:
    """End at once; close connections after what was sent."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Answer with `Frozen`, then stop the process (SIGSTOP) before it does anything else."""


@dataclass(frozen=True, slots=True)
class PowerLoss:
    """Die, leave the crash image in the directory, answer with `PowerLost`, end."""

    seed: int | None


@dataclass(frozen=True, slots=True)
class Watch:
    """Answer with `Seen` now and after every turn that changes the answer."""

    watch: int
    question: Question


@dataclass(frozen=True, slots=True)
class Unwatch:
    """No more of it."""

    watch: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Let nothing pass between the nodes of each pair."""

    pairs: list[tuple[BrokerId, BrokerId]]


@dataclass(frozen=True, slots=True)
class Delay:
    """Let every byte between the nodes of each pair arrive so much later, each way; 0 for no delay."""

    pairs: list[tuple[BrokerId, BrokerId]]
    ms: int


@dataclass(frozen=True, slots=True)
class Heal:
    """Every node reaches every other again, without delay."""


@dataclass(frozen=True, slots=True)
class AddRule:
    """A fault rule is in force; whether it strikes is asked of the parent (`ballot.py`). fired: so often so far."""

    number: int
    rule: Rule
    fired: int


@dataclass(frozen=True, slots=True)
class RemoveRule:
    """It is not any more; what it kept goes on."""

    number: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Events, from now on or no longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class GoOn:
    """The function has returned that `Called` asked for."""


@dataclass(frozen=True, slots=True)
class HoldMetadata:
    """Let what clients are told of the cluster stand still, or go on."""

    held: bool


@dataclass(frozen=True, slots=True)
class TakeBack:
    """To the controller: see `effects.TakenBack`."""

    offset: Offset
    brokers: list[BrokerId]


@dataclass(frozen=True, slots=True)
class StopClock:
    """Broker time stands still from now on."""


@dataclass(frozen=True, slots=True)
class StartClock:
    """Broker time goes on."""


@dataclass(frozen=True, slots=True)
class StepClock:
    """Move the stopped clock; no timer fires until `Speak`."""

    by_ms: int
    keep_members: bool


@dataclass(frozen=True, slots=True)
class ShiftWall:
    """Move wall time alone: the clocks of others were moved while this process was stopped."""

    by_ms: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Timers that speak fire when they are due."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Every timer that is due fires."""


@dataclass(frozen=True, slots=True)
class AskStand:
    """Answer with `Standing` once there is nothing to do."""

    keep_members: bool


@dataclass(frozen=True, slots=True)
class AskTime:
    """Answer with `TimeIs`."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Answer with `Synced`: everything said before is done."""

    number: int


ToChild: TypeAlias = (
    Begin
    | Start
    | Stop
    | Leave
    | Freeze
    | PowerLoss
    | Watch
    | Unwatch
    | Cut
    | Delay
    | Heal
    | AddRule
    | RemoveRule
    | Tell
    | GoOn
    | HoldMetadata
    | TakeBack
    | StopClock
    | StartClock
    | StepClock
    | ShiftWall
    | Speak
    | Judge
    | AskStand
    | AskTime
    | Sync
)


# To the parent.


@dataclass(frozen=True, slots=True)
class Begun:
    """The listeners are open and the node runs; or it cannot, and `error` is the plain reason."""

    error: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to a `Watch`; None while the node is not alive."""

    watch: int
    view: NodeView | None


@dataclass(frozen=True, slots=True)
class Frozen:
    """A view of everything, the last before the process stopped."""

    view: NodeView | None


@dataclass(frozen=True, slots=True)
class Told:
    """Events, in the node's order."""

    events: list[TraceEvent]


@dataclass(frozen=True, slots=True)
class Called:
    """Call the function of this rule; the node stands still until `GoOn`."""

    number: int
    event: TraceEvent


@dataclass(frozen=True, slots=True)
class Fired:
    """The node's disk struck so many more times, by this rule."""

    number: int
    times: int


@dataclass(frozen=True, slots=True)
class Synced:
    """The answer to `Sync`."""

    number: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the node stands."""

    stand: Stand


@dataclass(frozen=True, slots=True)
class TimeIs:
    """Broker time."""

    now: Now


@dataclass(frozen=True, slots=True)
class PowerLost:
    """The directory is as a power cut would leave it, unless there is an `error`."""

    error: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The node asked to go, or broke; the process ends after this."""

    why: str
    clean: bool


ToParent: TypeAlias = (
    Begun | Seen | Frozen | Told | Called | Fired | Synced | Standing | TimeIs | PowerLost | Ended
)
