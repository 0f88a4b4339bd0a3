"""Write docs/reference/settings.md from the tables that the broker reads its settings by.

python tools/settings_page.py            # rewrite the page
python tools/settings_page.py --check    # write nothing; status 1 if it is stale
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minikafka.config import SYNONYMS, TOPIC_SETTINGS, Setting, broker_settings_table, profile_values

from tools.pages import cell, write

INTRODUCTION = """# Settings

Kafka's names, types, units and defaults. `-c`, `Cluster(config=...)`, `KAFKA_*` variables (read by `serve` and `run`
only: `.` is `_`, `_` is `__`, `-` is `___`) and a `server.properties` file given with `--config-file` mean the same;
precedence in that order, then the profile, then Kafka's default. An unknown name is an error that names the nearest
known one. One that Kafka knows and this broker ignores warns once. `minikafka config` prints what is in force and where
it came from.

This page is written from the code.
"""


def page() -> str:
    """The whole page."""
    brokers = list(broker_settings_table().values())
    supported = [setting for setting in brokers if setting.supported]
    ignored = [setting for setting in brokers if not setting.supported]
    lines = [
        INTRODUCTION,
        "## What the profile `fast` changes",
        "",
        "With three brokers; `faithful` is Kafka's defaults to the letter.",
        "",
        *_fast(),
        "",
        "## Of topics",
        "",
        "Given to a topic, or to all that have none of their own by the broker's name for it.",
        "",
        *_table(sorted(TOPIC_SETTINGS.values(), key=lambda each: each.name), with_broker_name=True),
        "",
        "## Of brokers",
        "",
        *_table(sorted(supported, key=lambda each: each.name)),
        "",
        "## Known and ignored",
        "",
        "Taken without effect, so that a `server.properties` from elsewhere can be used as it is.",
        "",
        ", ".join(f"`{setting.name}`" for setting in sorted(ignored, key=lambda each: each.name)),
    ]
    return "\n".join(lines) + "\n"


def _fast() -> Iterator[str]:
    faithful = profile_values("faithful", 3)
    yield "| setting | `fast` | Kafka's default |"
    yield "| --- | --- | --- |"
    for name, value in sorted(profile_values("fast", 3).items()):
        if faithful.get(name) != value:
            setting = broker_settings_table()[name]
            yield f"| `{name}` | `{value}` | {_default(setting)} |"


def _table(settings: Iterable[Setting], *, with_broker_name: bool = False) -> Iterator[str]:
    extra = " for all topics |" if with_broker_name else ""
    yield f"| setting | type | default | meaning |{extra}"
    yield f"| --- | --- | --- | --- |{' --- |' if with_broker_name else ''}"
    for setting in settings:
        meaning = setting.doc if setting.supported else f"{setting.doc} *Ignored.*".strip()
        if setting.choices and len(setting.choices) > 1:
            meaning = f"{meaning} One of {', '.join(f'`{word}`' for word in setting.choices)}."
        row = f"| `{setting.name}` | {setting.type.name.lower()} | {_default(setting)} | {cell(meaning)} |"
        if with_broker_name:
            row += f" {', '.join(f'`{name}`' for name, _ in SYNONYMS.get(setting.name, ())) or '-'} |"
        yield row


def _default(setting: Setting) -> str:
    text = setting.render(setting.default)
    return f"`{text}`" if text else "-"


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    return write("settings.md", page, arguments)


if __name__ == "__main__":
    sys.exit(main())
