r"""Regular expressions over topic names, matched in linear time (G12).

The pattern comes from a client and runs in the coordinator, so its cost must be bounded: a backtracking matcher could
be made to stall every group here. As in Kafka (RE2J), the pattern becomes a small machine whose states are all
followed at once: time is at most pattern size times name length, whatever the pattern. That is also why there are no
back references and no look-around: what cannot be matched so is refused, INVALID_REGULAR_EXPRESSION [128].

Understood: literals, `.`, `[a-z]`, `[^a-z]`, `\d \w \s \D \W \S`, `\.` and other escaped signs, `* + ? {m,n}` (also
lazy: the same here), `|`, `(...)`, `(?:...)`, `(?P<name>...)`, `^ $`, and `(?i)` in front.
RE2J knows more: Unicode and POSIX classes, flags inside groups, `\b`. The whole name must match.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from minikafka.errors import ErrorCode, Rejected

LONGEST_PROGRAM: Final = 5_000
MOST_REPETITIONS: Final = 1_000
DEEPEST_NESTING: Final = 50

_Test = Callable[[str], bool]
_DIGITS: Final = frozenset("0123456789")
_WORDS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_CLASSES: Final = {"d": _DIGITS, "w": _WORDS, "s": frozenset(" \t\n\f\r")}
_CONTROLS: Final = {"t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class _Step(NamedTuple):
    """One instruction; a `test` consumes a character, without one all of `then` are taken for free.

    place: "start" or "end" of the name, which the free step requires; "" anywhere.
    then: relative jumps.
    """

    test: _Test | None
    then: tuple[int, ...] = (1,)
    place: str = ""


_Program = list[_Step]


class TopicPattern:
    """A compiled pattern. Raises Rejected: INVALID_REGULAR_EXPRESSION [128]."""

    def __init__(self, pattern: str) -> None:
        self._program = tuple(_Parser(pattern).parse())

    def matches(self, name: str) -> bool:
        """Whether the whole name matches."""
        states = self._follow({0}, at_start=True, at_end=not name)
        for place, character in enumerate(name, 1):
            advanced = {at + 1 for at in states if self._consumes(at, character)}
            states = self._follow(advanced, at_start=False, at_end=place == len(name))
            if not states:
                return False
        return len(self._program) in states

    def _consumes(self, at: int, character: str) -> bool:
        test = self._program[at].test if at < len(self._program) else None
        return test is not None and test(character)

    def _follow(self, states: set[int], *, at_start: bool, at_end: bool) -> set[int]:
        """All states reached for free."""
        seen: set[int] = set()
        ahead = list(states)
        while ahead:
            at = ahead.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._program[at] if at < len(self._program) else None
            if step is None or step.test is not None:
                continue
            if step.place == "" or (at_start if step.place == "start" else at_end):
                ahead += [at + jump for jump in step.then]
        return seen


class _Parser:
    """Recursive descent, straight to instructions."""

    def __init__(self, pattern: str) -> None:
        self._ignores_case = pattern.startswith("(?i)")
        self._text = pattern[4:] if self._ignores_case else pattern
        self._at = 0
        self._depth = 0

    def parse(self) -> _Program:
        program = self._alternatives()
        if self._at < len(self._text):
            raise _invalid("unexpected )")
        return program

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        taken = self._peek()
        if not taken:
            raise _invalid("it ends too early")
        self._at += 1
        return taken

    def _takes(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _alternatives(self) -> _Program:
        program = self._sequence()
        while self._takes("|"):
            other = self._sequence()
            program = [_free(1, len(program) + 2), *program, _free(len(other) + 1), *other]
        return _bounded(program)

    def _sequence(self) -> _Program:
        program: _Program = []
        while self._peek() not in ("", "|", ")"):
            program += self._repeated(self._atom())
        return _bounded(program)

    def _repeated(self, atom: _Program) -> _Program:
        while (sign := self._peek()) and sign in "*+?{":
            if sign == "{":
                bounds = self._bounds()
                if bounds is None:
                    return atom
                least, most = bounds
            else:
                self._at += 1
                least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
            self._takes("?")
            if len(atom) * max(least, most or 0) > LONGEST_PROGRAM:
                raise _invalid("it is too large")
            atom = _repeat(atom, least, most)
        return atom

    def _bounds(self) -> tuple[int, int | None] | None:
        """{m}, {m,} or {m,n}; None when the brace is only a brace."""
        inside, brace, _ = self._text[self._at + 1 :].partition("}")
        least, comma, most = inside.partition(",")
        if not brace or not least.isdecimal() or (most and not most.isdecimal()):
            return None
        self._at += len(inside) + 2
        upper = (int(most) if most else None) if comma else int(least)
        if max(int(least), upper or 0) > MOST_REPETITIONS or (upper is not None and upper < int(least)):
            raise _invalid(f"bad repetition {{{inside}}}")
        return int(least), upper

    def _atom(self) -> _Program:
        sign = self._take()
        if sign == "(":
            return self._group()
        if sign == "[":
            return [_Step(self._folded(self._character_class()))]
        if sign == ".":
            return [_Step(lambda character: character != "\n")]
        if sign in "^$":
            return [_Step(None, place="start" if sign == "^" else "end")]
        if sign in "*+?":
            raise _invalid(f"nothing to repeat before {sign}")
        members, is_negated = self._escaped() if sign == "\\" else (frozenset(sign), False)
        return [_Step(self._folded(_among(members, is_negated)))]

    def _group(self) -> _Program:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise _invalid("it is nested too deeply")
        if self._takes("?P<") or self._takes("?<"):
            name, _, rest = self._text[self._at :].partition(">")
            if not name.isidentifier() or not rest:
                raise _invalid("bad group name")
            self._at += len(name) + 1
        elif not self._takes("?:") and self._peek() == "?":
            raise _invalid("look-around and flags in groups are not supported")
        program = self._alternatives()
        if not self._takes(")"):
            raise _invalid("missing )")
        self._depth -= 1
        return program

    def _escaped(self) -> tuple[frozenset[str], bool]:
        sign = self._take()
        if sign.lower() in _CLASSES:
            return _CLASSES[sign.lower()], sign.isupper()
        if sign in _CONTROLS:
            return frozenset(_CONTROLS[sign]), False
        if sign.isalnum():
            raise _invalid(f"\\{sign} is not supported")
        return frozenset(sign), False

    def _character_class(self) -> _Test:
        is_negated = self._takes("^")
        tests: list[_Test] = []
        while not tests or self._peek() != "]":
            tests.append(self._class_member())
        self._at += 1
        return lambda character: any(test(character) for test in tests) != is_negated

    def _class_member(self) -> _Test:
        first = self._take()
        if first == "\\":
            members, is_negated = self._escaped()
            if len(members) > 1:
                return _among(members, is_negated)
            (first,) = members
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return _among(frozenset(first), is_negated=False)
        self._at += 1
        last = self._take()
        if last == "\\":
            members, _ = self._escaped()
            last = min(members) if len(members) == 1 else ""
        if last < first:
            raise _invalid(f"bad range {first}-{last}")
        return lambda character: first <= character <= last

    def _folded(self, test: _Test) -> _Test:
        if not self._ignores_case:
            return test
        return lambda character: test(character.lower()) or test(character.upper())


def _free(*jumps: int) -> _Step:
    return _Step(None, jumps)


def _among(members: frozenset[str], is_negated: bool) -> _Test:
    return lambda character: (character in members) != is_negated


def _repeat(atom: _Program, least: int, most: int | None) -> _Program:
    size = len(atom)
    program = atom * least
    if most is None:
        program = [*program, _free(1, size + 2), *atom, _free(-size - 1)]
    else:
        for left in range(most - least, 0, -1):
            program = [*program, _free(1, left * (size + 1)), *atom]
    return _bounded(program)


def _bounded(program: _Program) -> _Program:
    if len(program) > LONGEST_PROGRAM:
        raise _invalid("it is too large")
    return program


def _invalid(why: str) -> Rejected:
    return Rejected(ErrorCode.INVALID_REGULAR_EXPRESSION, f"bad regular expression: {why}", rule="G15")
