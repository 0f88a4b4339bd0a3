"""The schema table, read a second time: by the tests, in Python, apart from the Rust interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "rust" / "py" / "src" / "codec" / "schema.txt"
PRIMITIVES = {
    "bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "string", "bytes", "uuid", "records",
}  # fmt: skip


@dataclass(slots=True)
class Field:
    """One `field` line."""

    name: str
    type: str
    is_array: bool
    versions: range
    nullable: range = range(0)
    tagged: range = range(0)


@dataclass(slots=True)
class Message:
    """One paragraph; `structs` by class name, the message's own class last."""

    name: str
    module: str
    kind: str
    api_key: int
    versions: range
    flexible: range
    structs: dict[str, list[Field]] = field(default_factory=dict)

    @property
    def java_class(self) -> str:
        """Kafka's generated class."""
        match self.kind:
            case "request" | "response" | "header":
                return f"org.apache.kafka.common.message.{self.name}Data"
            case "data":
                return f"org.apache.kafka.common.message.{self.name}"
            case "metadata":
                return f"org.apache.kafka.common.metadata.{self.name}"
        coordinator = "transaction" if self.name.startswith("TransactionLog") else "group"
        return f"org.apache.kafka.coordinator.{coordinator}.generated.{self.name}"


def read_table() -> Iterator[Message]:
    """Every message, in the table's order."""
    for paragraph in TABLE.read_text().split("\n\n"):
        header, *lines = paragraph.strip().split("\n")
        _, name, module, kind, api_key, valid, flexible, *_ = header.split(" ")
        message = Message(
            name, module, kind, -1 if api_key == "-" else int(api_key), span(valid), span(flexible)
        )
        fields: list[Field] = []
        for line in lines:
            word, *rest = line.split(" ")
            if word == "struct":
                fields = message.structs.setdefault(rest[0], [])
            else:
                fields.append(_field(rest))
        yield message


def span(text: str) -> range:
    """`none`, `3`, `3+` or `1-4` as a range."""
    if text == "none":
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), 32768)
    low, _, high = text.partition("-")
    return range(int(low), int(high or low) + 1)


def _field(words: list[str]) -> Field:
    name, type_name, versions, *attributes = words
    one = Field(name, type_name.removeprefix("[]"), type_name.startswith("[]"), span(versions))
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        if key == "nullable":
            one.nullable = span(text)
        elif key == "tagged":
            one.tagged = span(text)
    return one
