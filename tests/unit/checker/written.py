"""Histories written by hand, a line at a time."""

from __future__ import annotations

from minikafka.checker.operation import READ_UNCOMMITTED, Op, Operation, Type

TOPIC = "t"


class Written:
    """`p` sends, `r` reads; ids are numbers. Every method returns itself."""

    def __init__(self) -> None:
        self.lines: list[Operation] = []

    def add(self, kind: Type, op: Op, process: str, **fields: object) -> Written:
        self.lines.append(Operation(kind, op, process, **{"topic": TOPIC, **fields}))  # type: ignore[arg-type]
        return self

    def send(
        self,
        number: int,
        offset: int = -1,
        told: Type | None = Type.OK,
        *,
        partition: int = 0,
        process: str = "p",
        key: str = "",
    ) -> Written:
        """Invoked, and told of unless `told` is None."""
        name = f"{number}"
        self.add(Type.INVOKE, Op.SEND, process, id=name, partition=partition, key=key)
        if told is not None:
            self.add(told, Op.SEND, process, id=name, partition=partition, offset=offset, key=key)
        return self

    def begin(self, process: str = "p") -> Written:
        return self.add(Type.OK, Op.BEGIN, process, topic="")

    def end(self, op: Op, told: Type = Type.OK, process: str = "p") -> Written:
        self.add(Type.INVOKE, op, process, topic="")
        return self.add(told, op, process, topic="")

    def poll(self, number: int, offset: int, process: str = "r", **fields: object) -> Written:
        fields = {"partition": 0, "isolation": READ_UNCOMMITTED, **fields}
        return self.add(Type.OK, Op.POLL, process, id=f"{number}", offset=offset, **fields)

    def read(
        self,
        end: int,
        process: str = "r",
        *,
        first: int = 0,
        final: bool = True,
        isolation: str = READ_UNCOMMITTED,
        partition: int = 0,
    ) -> Written:
        """That [first, end) was read, whole."""
        return self.add(
            Type.OK,
            Op.READ,
            process,
            partition=partition,
            first=first,
            offset=end,
            final=final,
            isolation=isolation,
        )
