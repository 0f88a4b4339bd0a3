"""Print the APIs and versions served."""

from __future__ import annotations

import argparse
import json
import sys

from minikafka.wire.support import SERVED


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", "-J", action="store_true", help="one JSON object per line")


def run(arguments: argparse.Namespace) -> int:
    for key, served in sorted(SERVED.items()):
        if arguments.json:
            row = {"key": key, "name": served.name, "min": served.min, "max": served.max}
            sys.stdout.write(json.dumps(row) + "\n")
        else:
            sys.stdout.write(f"{key:3}  {served.name:32}  {served.min}-{served.max}\n")
    return 0
