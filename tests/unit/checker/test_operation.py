"""Lines of a history: what is read is what was written, and what is no line says why."""

from __future__ import annotations

import pytest
from minikafka.checker.operation import HistoryError, Op, Operation, Type, parse, read_history


def test_what_was_written_is_read() -> None:
    """Defaults are left out of the line, and come back."""
    operation = Operation(Type.OK, Op.SEND, "p", "p:0", "t", 2, 7, key="k", time_ms=1.5)
    assert parse(operation.as_json()) == operation
    assert "first" not in operation.as_json()


def test_fields_of_others_are_passed_over() -> None:
    """A client may say more than the checker reads."""
    assert parse('{"type": "ok", "op": "poll", "mine": []}') == Operation(Type.OK, Op.POLL)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"op": "send"}', "'type' is None"),
        ('{"type": "ok", "op": "sned"}', "did you mean 'send'"),
        ('{"type": "ok", "op": "send", "offset": "7"}', "'offset' is to be int"),
        ('{"type": "ok", "op": "send", "offset": true}', "'offset' is to be int"),
        ('{"type": "ok", "op": "send", "time_ms": "now"}', "'time_ms' is to be a number"),
    ],
)
def test_what_is_no_operation_is_an_error_that_says_why(line: str, says: str) -> None:
    """With the number of the line."""
    with pytest.raises(HistoryError, match=f"line 3: .*{says}"):
        list(read_history(['{"type": "ok", "op": "poll"}', "", line]))
