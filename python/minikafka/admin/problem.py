"""Why a request was not carried out, as its sender hears it."""

from __future__ import annotations

from typing import Final

CODES: Final = {
    400: "bad_request",
    401: "token_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    409: "conflict",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    431: "headers_too_large",
    500: "internal",
    501: "not_implemented",
    503: "unavailable",
    504: "wait_timeout",
}
"""What `error.code` says, by status: for programs. `error.message` is for people."""


class Problem(Exception):
    """Raised anywhere on the way of a request. headers: that the answer carries besides its own."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

    @property
    def code(self) -> str:
        return CODES.get(self.status, "error")

    def as_dict(self) -> dict[str, dict[str, str]]:
        """The body of the answer."""
        return {"error": {"code": self.code, "message": self.message}}
