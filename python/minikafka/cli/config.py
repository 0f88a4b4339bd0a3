"""Print the settings in force and where each came from: -c, environment, file, profile, and with --all Kafka's default.

Examples:
  minikafka config -n 3
  minikafka config --profile faithful --all
  KAFKA_NUM_PARTITIONS=4 minikafka config -c log.segment.bytes=1048576 -J
"""

from __future__ import annotations

import argparse
import json
import sys

from minikafka.cli.options import add_setting_options, setting_layers
from minikafka.config import broker_settings_table, resolve


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--brokers", type=int, default=1, metavar="N", help="for a cluster of N brokers (1)"
    )
    add_setting_options(parser)
    parser.add_argument("--all", action="store_true", help="Kafka's defaults too")
    parser.add_argument("--json", "-J", action="store_true", help="one JSON object per line")


def run(arguments: argparse.Namespace) -> int:
    resolved = resolve(setting_layers(arguments), profile=arguments.profile, brokers=arguments.brokers)
    rows = [
        (name, origin.setting.render(origin.value), origin.source, origin.setting.supported)
        for name, origin in resolved.given.items()
    ]
    if arguments.all:
        rows += [
            (name, setting.render(setting.default), "default", setting.supported)
            for name, setting in broker_settings_table().items()
            if name not in resolved.given
        ]
    for name, value, source, supported in sorted(rows, key=lambda row: row[0]):
        if arguments.json:
            row = {"name": name, "value": value, "source": source, "supported": supported}
            sys.stdout.write(json.dumps(row) + "\n")
        else:
            note = "" if supported else "  (no effect here)"
            sys.stdout.write(f"{name}={'' if value is None else value}  # {source}{note}\n")
    for name in resolved.ignored:
        sys.stderr.write(f"minikafka: KAFKA_* variable for {name!r} maps to no setting, ignored\n")
    return 0
