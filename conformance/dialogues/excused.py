"""Differences that are meant, each with its reason: a rule, or a row of docs/reference/divergences.md."""

from __future__ import annotations

from conformance.dialogues.compare import Excuse

ELR_DEFAULT = "formatting Kafka with ELR writes min.insync.replicas as a cluster setting"
STRICTER = "records are looked at more strictly: deltas and lengths that Kafka stores unread are refused"
TRAILING = "exactly one batch: Kafka drops a few bytes behind it"
NO_RECORDS = "decompressed bytes that are no records are an invalid record"

EXCUSED: tuple[Excuse, ...] = (
    Excuse("log_dirs", "*", "*.log_dir", "each has its own data directory"),
    Excuse("log_dirs", "*", "*_bytes", "disks are behind an interface that does not say", minikafka="-1"),
    Excuse("quorum", "*", "*_id", "the controller is a node of its own (ADR 0006)", "1", "1000"),
    Excuse("quorum", "*", "*.leader_epoch", "one voter, so one leader epoch (ADR 0006)", minikafka="1"),
    Excuse("quorum", "*", "*.high_watermark", "another controller writes other records"),
    Excuse("quorum", "*", "*.log_end_offset", "another controller writes other records"),
    Excuse("quorum", "*", "*observers*", "the broker is no voter, so it observes"),
    Excuse("quorum", "*", "nodes*", "where the controller listens is not told to clients"),
    Excuse("*", "*", "*error_message", "a refusal says why also where Kafka is silent", "None", "<text>"),
    Excuse("*", "*", "api_keys[*", "APIs that are not built are not advertised", "(there)", "(absent)"),
    Excuse("*", "*", "supported_features[kraft.version]", "one controller voter (ADR 0006)"),
    Excuse(
        "*", "*", "supported_features[metadata.version].min_version", "a cluster starts at today's version"
    ),
    Excuse("*", "*", "*_features[share.version].*", "share groups are not served; clients go by the APIs"),
    Excuse("*", "*", "*[min.insync.replicas].config_source", ELR_DEFAULT, "3", "5"),
    Excuse("describe_configs_errors", "* of the default broker *", "*.configs", ELR_DEFAULT),
    Excuse(
        "describe_configs_errors",
        "* of a broker *",
        "*.configs[*.id]",
        "named by the cluster, not by a setting",
    ),
    Excuse(
        "describe_configs_errors",
        "* of a topic *",
        "*ms].synonyms",
        "a default without its broker setting",
        "[]",
    ),
    Excuse(
        "*",
        "*",
        "*.configs[streams.assignor.name]*",
        "streams groups are not served; their assignor has no default",
    ),
    Excuse(
        "incremental_alter_configs_errors",
        "* unknown operation *",
        "*.error_code",
        "Kafka stumbles",
        "-1",
        "42",
    ),
    Excuse("small_segments", "*", "*", "segments may be as small as a test wants them"),
    Excuse("bad_batches", "* trailing byte *", "*", TRAILING),
    Excuse("bad_records", "* byte *", "*", STRICTER, minikafka="87"),
    Excuse("bad_records", "* byte *", "*.base_offset", STRICTER, minikafka="-1"),
    Excuse("bad_records", "* byte *", "*.record_errors", STRICTER, kafka="[]"),
    Excuse("compressed_batches", "*", "*.error_code", NO_RECORDS, "-1", "87"),
    Excuse("group_tools", "* list *", "groups[joined-none]", "a refused join leaves no empty group behind"),
)
