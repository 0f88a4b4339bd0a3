"""Rows of numbers, packed: what there is one of for each batch has to be small.

A batch as a Python object, with the events that told of it, takes some 4 KB; its numbers side by side, 50 bytes. A row
becomes an object when somebody looks at it, and is gone again afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Any, Generic, TypeVar, overload

Row = TypeVar("Row")


class Packed(Sequence[Row], Generic[Row]):
    """Rows of one layout (`struct`'s letters), in the order they were added. `make` makes one of its numbers."""

    def __init__(self, layout: str, make: Callable[[tuple[Any, ...]], Row]) -> None:
        self._layout = Struct(f"<{layout}")
        self._make = make
        self._data = bytearray()

    def add(self, *numbers: int) -> None:
        """One row more, at the end."""
        self._data += self._layout.pack(*numbers)

    def __len__(self) -> int:
        return len(self._data) // self._layout.size

    def __iter__(self) -> Iterator[Row]:
        return map(self._make, self._layout.iter_unpack(self._data))

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        return self._make(self._layout.unpack_from(self._data, at * self._layout.size))
