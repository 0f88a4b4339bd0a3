"""The schema table that the Rust interpreter reads: plain text, one paragraph per message, so that a diff can be read.

    message <name> <module> <kind> <api key or -> <valid versions> <flexible versions> [unstable]
    struct <class>
    field <name> <type> <versions> [nullable=<versions>] [tagged=<versions> tag=<n>] [default=<text>] [ignorable] ...

Inner structs come before those that use them; the last struct is the message itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protocol.model import Field, Message


def schema_table(messages: Iterable[Message]) -> str:
    """The whole table."""
    return "\n".join("\n".join(_paragraph(message)) + "\n" for message in messages)


def _paragraph(message: Message) -> Iterator[str]:
    api_key = "-" if message.api_key is None else message.api_key
    unstable = " unstable" if message.latest_unstable else ""
    yield (
        f"message {message.name} {message.module} {message.kind} {api_key} "
        f"{message.valid} {message.flexible}{unstable}"
    )
    for struct in message.structs:
        yield f"struct {struct.class_name}"
        for one in struct.fields:
            yield " ".join(["field", one.name, _type(message, one), str(one.versions), *_attributes(one)])


def _type(message: Message, one: Field) -> str:
    name = message.class_of(one.type) if one.is_struct else one.type
    return f"[]{name}" if one.is_array else name


def _attributes(one: Field) -> Iterator[str]:
    if one.nullable:
        yield f"nullable={one.nullable}"
    if one.tagged:
        yield f"tagged={one.tagged} tag={one.tag}"
    if one.default is not None:
        yield f"default={one.default}"
    if one.ignorable:
        yield "ignorable"
    if one.never_compact:
        yield "never_compact"
