"""Generate the message classes and the codec's schema table from Kafka's own definitions.

    python tools/gen_protocol.py --kafka 4.4.0      # jars by Maven, cached in .cache/kafka
    python tools/gen_protocol.py --jars DIR         # jars already at hand
    python tools/gen_protocol.py --check            # write nothing; status 1 if an output is stale

Run by a developer when the pinned Kafka version changes; the outputs are committed, so building needs neither Java
nor the network. The output depends on the definitions alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kafka_jars import KAFKA_VERSION, PROTOCOL_ARTIFACTS, jars
from protocol.classes import module_source
from protocol.model import Message, read_messages
from protocol.naming import assign_names
from protocol.table import schema_table

ROOT = Path(__file__).resolve().parent.parent
WIRE = ROOT / "python" / "minikafka" / "wire"
TABLE = ROOT / "rust" / "py" / "src" / "codec" / "schema.txt"


def main() -> int:
    """Returns the process status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kafka", default=KAFKA_VERSION, help="Kafka version (default %(default)s)")
    parser.add_argument("--jars", type=Path, help="directory that holds the four jars")
    parser.add_argument("--check", action="store_true", help="only say whether the outputs are fresh")
    options = parser.parse_args()
    if options.jars:
        paths = [options.jars / f"{artifact}-{options.kafka}.jar" for artifact in PROTOCOL_ARTIFACTS]
    else:
        paths = jars(*PROTOCOL_ARTIFACTS, version=options.kafka)
    files = outputs(paths, options.kafka)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    obsolete = [path for path in _generated() if path not in files]
    if options.check:
        for path in stale + obsolete:
            print(f"stale: {path.relative_to(ROOT)}")
        return 1 if stale or obsolete else 0
    for path in obsolete:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
    print(f"{len(files)} files, {len(stale)} written, {len(obsolete)} removed")
    return 0


def outputs(paths: list[Path], kafka_version: str) -> dict[Path, str]:
    """Every generated file and its text."""
    messages = read_messages(paths)
    modules = assign_names(messages)
    files = {TABLE: schema_table(messages)}
    for module, module_messages in modules.items():
        files[WIRE / (module.replace(".", "/") + ".py")] = module_source(module_messages, kafka_version)
    files[WIRE / "messages" / "__init__.py"] = (
        '"""Generated: one module per API; see tools/gen_protocol.py."""\n'
    )
    files[WIRE / "records" / "__init__.py"] = _record_index(messages)
    return files


def _generated() -> list[Path]:
    return [path for package in ("messages", "records") for path in (WIRE / package).glob("*.py")]


def _record_index(messages: list[Message]) -> str:
    """Which schema each record type number names, per log."""
    coordinator = [message for message in messages if message.kind.startswith("coordinator")]
    transaction = [message for message in coordinator if message.name.startswith("TransactionLog")]
    group = [message for message in coordinator if message not in transaction]
    tables = {
        "CONSUMER_OFFSETS": _by_type(group, "coordinator-key"),
        "CONSUMER_OFFSETS_VALUES": _by_type(group, "coordinator-value"),
        "TRANSACTION_STATE": _by_type(transaction, "coordinator-key"),
        "TRANSACTION_STATE_VALUES": _by_type(transaction, "coordinator-value"),
        "CLUSTER_METADATA": _by_type(messages, "metadata"),
    }
    lines = ['"""Generated: the schema that each record type number names; see tools/gen_protocol.py."""', ""]
    lines += ["from __future__ import annotations", ""]
    for name, table in tables.items():
        lines.append(f"{name}: dict[int, str] = {{")
        lines += [f'    {key}: "{schema}",' for key, schema in sorted(table.items())]
        lines.append("}")
    return "\n".join(lines) + "\n"


def _by_type(messages: list[Message], kind: str) -> dict[int, str]:
    return {
        message.api_key: message.name
        for message in messages
        if message.kind == kind and message.api_key is not None
    }


if __name__ == "__main__":
    sys.exit(main())
