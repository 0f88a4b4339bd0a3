"""`GET /`: what is here, for a person with a browser."""

from __future__ import annotations

from html import escape
from typing import Final

from minikafka import __version__
from minikafka.admin.route import AnyRoute, Nothing, Route, Text
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


ROUTES: Final[tuple[AnyRoute, ...]] = (Route("GET", "/", "This page.", Nothing, Text, page),)
