"""Two transcripts of one script, field by field, and the differences that are excused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import zip_longest

from conformance.dialogues.talk import Step

NOT_THERE = "(absent)"
OUTCOME = "outcome"
"""The only entry of a step that got no answer."""


@dataclass(frozen=True, slots=True)
class Difference:
    script: str
    step: str
    field: str
    kafka: str
    minikafka: str

    def __str__(self) -> str:
        return f"{self.script}: {self.step}: {self.field}\n    kafka:     {self.kafka}\n    minikafka: {self.minikafka}"


@dataclass(frozen=True, slots=True)
class Excuse:
    """Patterns (`*`, `?`, `[]` as in file names) of script, step and field, and the rule or document that says why."""

    script: str
    step: str
    field: str
    why: str
    kafka: str = "*"
    minikafka: str = "*"

    def covers(self, difference: Difference) -> bool:
        pairs = (
            (difference.script, self.script),
            (difference.step, self.step),
            (difference.field, self.field),
            (difference.kafka, self.kafka),
            (difference.minikafka, self.minikafka),
        )
        return all(fnmatchcase(value, pattern.replace("[", "[[]")) for value, pattern in pairs)


def differences(script: str, kafka: Sequence[Step], minikafka: Sequence[Step]) -> Iterator[Difference]:
    """What differs; a script that took another turn on one side differs in the step's name."""
    for left, right in zip_longest(kafka, minikafka):
        names = [step.name if step else NOT_THERE for step in (left, right)]
        if left is None or right is None or left.name != right.name:
            yield Difference(script, names[0], "step", *names)
            return
        yield from _differing_fields(script, left, right)


def _differing_fields(script: str, left: Step, right: Step) -> Iterator[Difference]:
    if OUTCOME in {**left.answer, **right.answer}:
        outcomes = [step.answer.get(OUTCOME, "an answer") for step in (left, right)]
        if outcomes[0] != outcomes[1]:
            yield Difference(script, left.name, OUTCOME, *outcomes)
        return
    told = set()
    for field in [*left.answer, *(name for name in right.answer if name not in left.answer)]:
        values = [step.answer.get(field, NOT_THERE) for step in (left, right)]
        if values[0] == values[1]:
            continue
        element = _missing_element(field, right if values[1] == NOT_THERE else left)
        if element is None or NOT_THERE not in values:
            yield Difference(script, left.name, field, *values)
        elif element not in told and element[: element.rindex("[")] not in {**left.answer, **right.answer}:
            told.add(element)
            yield Difference(
                script, left.name, element, *(v if v == NOT_THERE else "(there)" for v in values)
            )


def _missing_element(field: str, other: Step) -> str | None:
    """The outermost list element around `field` of which the other answer has nothing, so that it is told once."""
    for end in (match.end() for match in re.finditer(r"\]", field)):
        if not any(name.startswith(field[:end]) for name in other.answer):
            return field[:end]
    return None


def unexcused(found: Iterable[Difference], excuses: Sequence[Excuse]) -> list[Difference]:
    return [each for each in found if not any(excuse.covers(each) for excuse in excuses)]


def unused(found: Sequence[Difference], excuses: Sequence[Excuse]) -> list[Excuse]:
    """Excuses that nothing needs any more; they would hide the next difference."""
    return [excuse for excuse in excuses if not any(excuse.covers(each) for each in found)]
