"""What is here: `GET /` for a person with a browser, the OpenAPI document for programs."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from minikafka import __version__
from minikafka.admin.plain import to_json
from minikafka.admin.route import JSON, AnyRoute, Nothing, Route, Text
from minikafka.admin.scope import Scope

HTML: Final = "text/html; charset=utf-8"

STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
td { padding: .15rem 1rem .15rem 0; vertical-align: top; } code { font-size: .9em; white-space: nowrap; }
"""


async def page(scope: Scope, asked: Nothing) -> Text:
    # The table has this page in it.
    from minikafka.admin.table import ROUTES as EVERY

    rows = "\n".join(
        f"<tr><td>{one.method}</td><td>{_link(one)}</td><td>{escape(one.about)}</td></tr>" for one in EVERY
    )
    return Text(
        f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>minikafka</title>
<style>{STYLE}</style>
<h1>minikafka {__version__}</h1>
<p>Brokers at <code>{escape(scope.bootstrap_servers)}</code>. What can be asked and done over HTTP:</p>
<table>
{rows}
</table>
</html>
""",
        HTML,
    )


def _link(route: AnyRoute) -> str:
    text = f"<code>{escape(route.path)}</code>"
    is_plain = route.method == "GET" and "{" not in route.path
    return f'<a href="{escape(route.path)}">{text}</a>' if is_plain else text


async def openapi(scope: Scope, asked: Nothing) -> Text:
    from minikafka.admin.openapi import document
    from minikafka.admin.table import ROUTES as EVERY

    return Text(to_json(document(EVERY)), JSON)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/openapi.json", "All of this as an OpenAPI document.", Nothing, dict[str, Any], openapi),
    Route("GET", "/", "This page.", Nothing, Text, page),
)
