"""Writes docs/reference/http.md and docs/reference/openapi.json from the admin's table of routes.

python tools/http_page.py            after a route came, went or changed
python tools/http_page.py --check    exit status 1 if either is not fresh
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from minikafka.admin.openapi import document
from minikafka.admin.reading import Field, describe, fields_of
from minikafka.admin.route import AnyRoute, Place, Stream, Text
from minikafka.admin.schema import Components, schema_of
from minikafka.admin.table import ROUTES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "http.md"
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"

INTRODUCTION = """# The HTTP admin

A running cluster looked at and steered from any language. `minikafka serve` and `minikafka run` serve it on a free
port (`--admin-port P` for one of your choice, `--no-admin` for none), the readiness line and `MINIKAFKA_ADMIN_URL` say
where; in Python `Cluster(admin=True)` and `kafka.admin_url`. The same as an [OpenAPI document](openapi.json), also
served at `/v1/openapi.json`. From a shell, `minikafka inspect`, `fault` and `trace` are clients of it.

```sh
curl $MINIKAFKA_ADMIN_URL/v1/cluster
curl -X POST $MINIKAFKA_ADMIN_URL/v1/brokers/1/kill
curl $MINIKAFKA_ADMIN_URL/v1/wait -H 'Content-Type: application/json' -d '{"topic": "orders", "isr": [2, 3]}'
```

A request's body is a JSON object with `Content-Type: application/json`, an answer is JSON. What cannot be done is
answered with a status of 400 or more and `{"error": {"code": "invalid", "message": "unknown field 'irs'; did you mean
isr?"}}`: the code is for programs, the message for people.

| status | `code` | when |
| --- | --- | --- |
| 400 | `bad_request` | not HTTP, not JSON, a name twice |
| 401 | `token_required` | the admin has a token and the request has not |
| 403 | `forbidden` | `Host` or `Origin` is not the admin itself |
| 404 | `not_found` | no such path, broker, topic, group, ...; with the nearest there is |
| 405 | `method_not_allowed` | the path takes other methods (`Allow`) |
| 408 | `too_slow` | a request that did not come within 10 s |
| 409 | `conflict` | not possible as things are: a process with one node only, nothing recorded, no living leader |
| 413, 431 | `too_large`, `headers_too_large` | a body of more than 1 MiB, more than 16 KiB of headers |
| 415 | `not_json` | a body that is not `application/json` |
| 422 | `invalid` | a field is missing, unknown, or not what it should be |
| 503 | `unavailable` | not ready, or too many connections |
| 504 | `wait_timeout` | what was waited for did not come true in time; the message says what was seen last |

**Who may ask.** The admin listens on 127.0.0.1. A web page cannot use it: `Host` has to name loopback (or the address
bound), `Origin` the admin itself, and a body has to be JSON. `--admin-host H` with any other address needs a token of
at least 16 characters in `MINIKAFKA_ADMIN_TOKEN`, which then every request sends as `Authorization: Bearer TOKEN`.

**One node in a process** (`serve --node-id I`, `serve --controller-only`) answers for itself only; what is marked with
`*` needs a whole cluster in the process, and is answered with 409 there.
"""

EVENTS = """
Each event is one block, `id:` its `seq` and `data:` the JSON object of [events](events.md). A listener that lost the
connection goes on with `Last-Event-ID`, as browsers' `EventSource` does by itself. An event named `gap` says that some
are gone: they are older than the last 100,000, or were numbered by an earlier process. A listener that falls 20,000
events behind is told so in a comment and disconnected.
"""

TITLES = {
    "status": "Status",
    "cluster": "Cluster, brokers, controller",
    "network": "Network",
    "topics": "Topics",
    "groups": "Groups, transactions, parked requests",
    "faults": "Faults",
    "wait": "Waiting",
    "clock": "Time",
    "snapshot": "Going back",
    "events": "Events",
    "verdict": "Verdict",
}
"""Headings, by the first word of the paths under them; other paths stay under the last one."""


def page() -> str:
    """The whole reference."""
    lines = [INTRODUCTION]
    components: Components = {}
    title = ""
    for word, routes in groupby(ROUTES, key=_subject):
        fresh = TITLES.get(word, title if word else "The rest")
        if fresh != title:
            title = fresh
            lines.append(f"## {title}\n")
        lines += [line for route in routes for line in _route(route, components)]
        if word == "events":
            lines.append(EVENTS)
    lines.append("## What is answered\n")
    lines += [line for name in sorted(components) for line in _record(name, components[name])]
    return "\n".join(lines).rstrip() + "\n"


def _subject(route: AnyRoute) -> str:
    return route.path.split("/")[2] if route.path.startswith("/v1/") else ""


def _route(route: AnyRoute, components: Components) -> Iterator[str]:
    yield f"### {route.method} {route.path}{' *' if route.whole else ''}\n"
    yield f"{route.about}\n"
    takes: Any = route.takes
    fields = fields_of(takes)
    if fields:
        yield "| takes | in | |"
        yield "| --- | --- | --- |"
        yield from (_row(field) for field in fields)
        yield ""
    if route.example:
        is_body = route.example.startswith("{")
        yield f"```{'json' if is_body else ''}\n{'' if is_body else '?'}{route.example}\n```\n"
    if route.answers not in (Text, Stream):
        schema = schema_of(route.answers, components)
        name = str(schema.get("items", schema).get("$ref", "")).rpartition("/")[2]
        if name:
            yield f"Answers {'a list of ' if 'items' in schema else ''}[{_plain(name)}](#{_plain(name)}).\n"


def _row(field: Field) -> str:
    name = "Last-Event-ID" if field.where.place is Place.HEADER else field.name
    need = "" if field.is_required else ", optional"
    about = field.where.about.replace("|", "\\|")
    return f"| `{name}` | {field.where.place.value} | {describe(field.kind)}{need}: {about} |"


def _record(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {_plain(name)}\n"
    yield f"{', '.join(f'`{field}`' for field in schema['properties'])}.\n"
    if "description" in schema:
        yield f"{schema['description']}\n"


def _plain(name: str) -> str:
    """`ReplicaAnswer` -> `replica`, `ReplicaOffsets` -> `replica-offsets`."""
    words = re.findall(r"[A-Z][a-z]*", name.removesuffix("Answer").removesuffix("View"))
    return "-".join(words).lower()


def fresh() -> dict[Path, str]:
    """What the files should hold."""
    spec: dict[str, Any] = document(ROUTES)
    return {PAGE: page(), DOCUMENT: json.dumps(spec, indent=1) + "\n"}


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only say whether they are fresh")
    options = parser.parse_args(arguments)
    stale = [
        path
        for path, text in fresh().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if options.check:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)}; run python tools/http_page.py", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(fresh()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
