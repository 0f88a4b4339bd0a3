"""Differences that are meant, each with its reason: a rule, or a row of docs/reference/divergences.md."""

from __future__ import annotations

from conformance.dialogues.compare import Excuse

EXCUSED: tuple[Excuse, ...] = (
    Excuse("*", "*", "*error_message", "a refusal says why also where Kafka is silent", "None", "<text>"),
    Excuse("*", "*", "api_keys[*", "APIs that are not built are not advertised", "(there)", "(absent)"),
    Excuse("*", "*", "supported_features[kraft.version]", "one controller voter (ADR 0006)"),
    Excuse("*", "*", "supported_features[metadata.version].min_version", "a cluster starts at today's version"),
    Excuse("*", "*", "*_features[share.version].*", "share groups are not served; clients go by the APIs"),
    Excuse("*", "*", "*_authorized_operations", "no ACLs: what is asked about them is left out"),
)
