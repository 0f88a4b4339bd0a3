"""Kafka's message definitions, read from the JSON inside its jars.

The JSON is Kafka's own (`common/message/*.json`, `common/metadata/*.json`): JSON with `//` comments on lines of their
own. What is read here follows Kafka's generator: a field without `versions` has its `taggedVersions`, a JSON `null` as
default means "no default given", and only the string "null" means a null default.
"""

from __future__ import annotations

import json
import keyword
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, "str | int | bool | list[JsonObject] | None"]

UNBOUNDED = 32767
PRIMITIVES = frozenset(
    (
        "bool",
        "int8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "float64",
        "string",
        "bytes",
        "uuid",
        "records",
    )
)


@dataclass(frozen=True, slots=True)
class Versions:
    """A closed range of versions; empty when `low > high`."""

    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> Versions:
        """`none`, `3`, `3+` or `1-4`."""
        if text == "none":
            return NONE
        low, separator, high = text.partition("-")
        if separator:
            return cls(int(low), int(high))
        if text.endswith("+"):
            return cls(int(text[:-1]), UNBOUNDED)
        return cls(int(text), int(text))

    def __bool__(self) -> bool:
        return self.low <= self.high

    def within(self, other: Versions) -> Versions:
        """What is in both."""
        return Versions(max(self.low, other.low), min(self.high, other.high))

    def __str__(self) -> str:
        if not self:
            return "none"
        if self.high == UNBOUNDED:
            return f"{self.low}+"
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


NONE = Versions(0, -1)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct. `type` has no `[]`; `default` is None when the definition names none."""

    name: str
    type: str
    is_array: bool
    versions: Versions
    nullable: Versions
    tagged: Versions
    tag: int | None
    ignorable: bool
    default: str | None
    never_compact: bool

    @property
    def is_struct(self) -> bool:
        """Whether the type (or the element type) is a struct of this message."""
        return self.type not in PRIMITIVES


@dataclass(slots=True)
class Struct:
    """A struct and the name its Python class gets."""

    name: str
    fields: list[Field]
    class_name: str = ""


@dataclass(slots=True)
class Message:
    """One definition; `structs` holds the inner structs first and the message itself last."""

    name: str
    kind: str
    api_key: int | None
    valid: Versions
    flexible: Versions
    latest_unstable: bool
    structs: list[Struct] = field(default_factory=list)
    module: str = ""

    @property
    def struct(self) -> Struct:
        """The message itself."""
        return self.structs[-1]

    def class_of(self, struct_name: str) -> str:
        """The Python class of one of this message's structs."""
        return next(struct.class_name for struct in self.structs if struct.name == struct_name)


def read_messages(jars: Iterable[Path]) -> list[Message]:
    """Every definition that has versions, sorted by name. Removed APIs (`validVersions: none`) are left out."""
    messages = (_message(definition) for jar in jars for definition in _definitions(jar))
    return sorted((message for message in messages if message is not None), key=lambda message: message.name)


def snake_case(name: str) -> str:
    """`TransactionalId` to `transactional_id`; a Python keyword gets a trailing underscore."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return f"{words}_" if keyword.iskeyword(words) else words


def _definitions(jar: Path) -> Iterator[JsonObject]:
    with zipfile.ZipFile(jar) as archive:
        for name in sorted(archive.namelist()):
            if re.fullmatch(r"common/(message|metadata)/\w+\.json", name):
                text = archive.read(name).decode()
                yield json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def _message(definition: JsonObject) -> Message | None:
    valid = Versions.parse(_text(definition, "validVersions", "none"))
    if not valid:
        return None
    api_key = definition.get("apiKey")
    message = Message(
        name=_text(definition, "name"),
        kind=_text(definition, "type"),
        api_key=api_key if isinstance(api_key, int) else None,
        valid=valid,
        flexible=Versions.parse(_text(definition, "flexibleVersions")),
        latest_unstable=bool(definition.get("latestVersionUnstable", False)),
    )
    for common in _objects(definition, "commonStructs"):
        _add_struct(message, _text(common, "name"), _objects(common, "fields"))
    _add_struct(message, message.name, _objects(definition, "fields"))
    message.structs = _inner_first(message.structs)
    return message


def _add_struct(message: Message, name: str, definitions: list[JsonObject]) -> None:
    """Add a struct after the structs it declares inline, so that inner ones come first."""
    fields = []
    for definition in definitions:
        one = _field(definition)
        fields.append(one)
        if "fields" in definition:
            _add_struct(message, one.type, _objects(definition, "fields"))
    message.structs.append(Struct(name, fields))


def _inner_first(structs: list[Struct]) -> list[Struct]:
    """Each struct after those it uses. Raises CycleError: the codec's recursion must end."""
    uses = {struct.name: [one.type for one in struct.fields if one.is_struct] for struct in structs}
    by_name = {struct.name: struct for struct in structs}
    return [by_name[name] for name in TopologicalSorter(uses).static_order()]


def _field(definition: JsonObject) -> Field:
    type_name = _text(definition, "type")
    tagged = Versions.parse(_text(definition, "taggedVersions", "none"))
    tag = definition.get("tag")
    default = definition.get("default")
    return Field(
        name=snake_case(_text(definition, "name")),
        type=type_name.removeprefix("[]"),
        is_array=type_name.startswith("[]"),
        versions=Versions.parse(_text(definition, "versions", str(tagged))),
        nullable=Versions.parse(_text(definition, "nullableVersions", "none")),
        tagged=tagged,
        tag=tag if isinstance(tag, int) else None,
        ignorable=bool(definition.get("ignorable", False)),
        default=None if default is None or default == "" else str(default).lower(),
        never_compact=definition.get("flexibleVersions") == "none",
    )


def _text(definition: JsonObject, key: str, default: str | None = None) -> str:
    value = definition.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{definition.get('name')}: {key} is {value!r}, expected text")
    return value.strip()


def _objects(definition: JsonObject, key: str) -> list[JsonObject]:
    value = definition.get(key, [])
    if not isinstance(value, list):
        raise TypeError(f"{definition.get('name')}: {key} is not a list")
    return value
