r"""Read records of any Kafka: partitions from an offset on, or as a member of a group.

Without `-G` reading starts at the beginning (`-o`), with it where the group left off, else at the beginning. `-J`
prints what kcat does: topic, partition, offset, tstype, ts (ms), broker, headers, key, payload; a key or payload that
is no UTF-8 is `key_base64` or `payload_base64`.

Examples:
  minikafka consume -t orders -e
  minikafka consume -t orders -p 0 -o -10 -c 10 -f '%p@%o %k: %s\n'
  minikafka consume -t orders -o s@2026-01-31T12:00:00Z -e -J
  minikafka consume -t orders --isolation read_committed -e
  minikafka consume -t orders -t payments -G billing
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Final

from minikafka.cli.consumption import GroupReading, Reading, assigned
from minikafka.cli.main import COULD_NOT_TELL
from minikafka.cli.progress import Progress
from minikafka.cli.record_format import Formatter, json_line
from minikafka.cli.remote import add_remote_options, client_properties, connected
from minikafka.client.reader import ReceivedRecord
from minikafka.errors import ConfigError

ISOLATION: Final = ("read_uncommitted", "read_committed")


def configure(parser: argparse.ArgumentParser) -> None:
    add_remote_options(parser)
    parser.add_argument(
        "-t", "--topic", action="append", required=True, metavar="TOPIC[:PARTITION]", help="may be repeated"
    )
    parser.add_argument("-p", "--partition", type=int, action="append", metavar="N", help="only these (all)")
    parser.add_argument("-G", "--group", metavar="GROUP", help="be a member of this group, and commit")
    parser.add_argument(
        "-o",
        "--offset",
        metavar="OFFSET",
        help="beginning, end, N, -N (the last N), s@TIME; with e@TIME stop there; may be given as 's@..,e@..'",
    )
    parser.add_argument(
        "--from-beginning", dest="offset", action="store_const", const="beginning", help="-o beginning"
    )
    parser.add_argument("-c", "--count", "--max-messages", type=int, metavar="N", help="stop after N records")
    parser.add_argument("-e", "--exit-at-end", action="store_true", help="stop once everything was read")
    parser.add_argument(
        "--timeout-ms",
        type=int,
        metavar="MS",
        help="stop when nothing came for that long; status 3 if -c asked for more",
    )
    parser.add_argument("--isolation", choices=ISOLATION, help="read_uncommitted, Kafka's own default")
    parser.add_argument(
        "-f",
        "--format",
        metavar="TEXT",
        help=r"%%s value, %%k key, %%t topic, %%p partition, %%o offset, %%T timestamp, %%h headers, %%S %%K "
        r"lengths, %%%% a percent sign; \n \t \xNN",
    )
    parser.add_argument("-K", "--key-delimiter", metavar="TEXT", help="print KEY, TEXT, VALUE")
    parser.add_argument("-D", "--delimiter", default="\\n", metavar="TEXT", help="after each record (\\n)")
    parser.add_argument("-Z", "--null", action="store_true", help="print null as NULL, not as nothing")


def run(arguments: argparse.Namespace) -> int:
    properties = client_properties(arguments)
    isolation = arguments.isolation or properties.get("isolation.level", ISOLATION[0])
    if isolation not in ISOLATION:
        raise ConfigError(f"isolation is one of {', '.join(ISOLATION)}, not {isolation!r}")
    if arguments.count is not None and arguments.count < 1:
        raise ConfigError(f"-c wants at least one record, not {arguments.count}")
    line = json_line if arguments.json else Formatter.of(arguments).line
    with connected(arguments, properties) as client:
        read_committed = isolation == "read_committed"
        if arguments.group is not None:
            if arguments.partition or any(":" in topic for topic in arguments.topic):
                raise ConfigError("-G shares partitions out: it goes with neither -p nor TOPIC:PARTITION")
            if arguments.offset not in (None, "stored", "beginning"):
                raise ConfigError("-G goes on where the group left off; `minikafka group reset` moves that")
            reading: Reading = GroupReading(client, arguments.group, arguments.topic, read_committed)
        else:
            reading = assigned(client, arguments.topic, arguments.partition, arguments.offset, read_committed)
        return _copy(reading, arguments, line)


def _copy(reading: Reading, arguments: argparse.Namespace, line: Callable[[ReceivedRecord], bytes]) -> int:
    output = sys.stdout.buffer
    reading.exit_at_end = arguments.exit_at_end
    reading.timeout_s = None if arguments.timeout_ms is None else arguments.timeout_ms / 1000
    reading.flush = output.flush
    left = arguments.count
    with reading, Progress("records", arguments.count) as progress:
        for record in reading.records():
            output.write(line(record))
            progress.add(1)
            if left is not None:
                left -= 1
                if left == 0:
                    break
        output.flush()
    return COULD_NOT_TELL if left and reading.is_out_of_time else 0
