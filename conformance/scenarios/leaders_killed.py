"""Idempotent producer with acks=all while the leader is killed, restarted, and the next leader is killed.

Nothing acknowledged may be lost, because min.insync.replicas=2 of 3 hold it before the answer; nothing may come
twice or out of order, because the leader recognises a retried batch by producer id and sequence, and a new leader has
rebuilt that memory from the log.
"""

from __future__ import annotations

from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, read_all
from conformance.targets import Target
from conformance.view import ClusterView

PARTITIONS = 3
LOAD = 3_000
"""Records handed over before each fault, far more than are acknowledged when it strikes."""
CONFIG = {"min.insync.replicas": "2"}


def run(target: Target, topic: str = "leaders-killed") -> ClientVerdict:
    """Needs three brokers; raises NeverHappened when the cluster does not come back."""
    view = ClusterView(target.bootstrap_servers)
    view.create_topic(topic, PARTITIONS, 3, CONFIG)
    producer = RecordingProducer(
        target.bootstrap_servers, enable_idempotence=True, acks="all", batch_num_messages=20
    )
    for _ in range(2):
        acknowledged = len(producer.acknowledged)
        producer.send(topic, LOAD)
        producer.wait_for_acknowledged(acknowledged + LOAD // 10)
        leader = view.leader(topic, 0)
        target.kill(leader)
        view.wait_for_leader_other_than(leader, topic, 0)
        producer.wait_for_acknowledged(acknowledged + LOAD)
        target.start(leader)
        view.wait_for_isr(topic, PARTITIONS, 3)
    return judge(producer.flush(), read_all(target.bootstrap_servers, topic, PARTITIONS))
