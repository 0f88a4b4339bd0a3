"""Settings Kafka 4.4 knows and this broker takes without effect: name, type, default (`-` when unset).

A name from here warns once and is listed by `minikafka config`; it never changes behaviour. What has an
effect is declared in `broker_settings.py` and `topic_settings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from minikafka.config.setting import Setting, SettingType

SHELL_SETTINGS: Final = frozenset(
    {
        "advertised.listeners",
        "controller.listener.names",
        "controller.quorum.bootstrap.servers",
        "controller.quorum.voters",
        "inter.broker.listener.name",
        "listener.security.protocol.map",
        "listeners",
        "log.dir",
        "log.dirs",
        "node.id",
        "process.roles",
    }
)
"""Settings that say where a node runs: the command line reads them, the node never does."""

_BROKER: Final = """
advertised.listeners LIST -
alter.config.policy.class.name CLASS -
alter.log.dirs.replication.quota.window.num INT 11
alter.log.dirs.replication.quota.window.size.seconds INT 1
authorizer.class.name STRING ""
background.threads INT 10
broker.id INT -1
client.quota.callback.class CLASS -
config.providers LIST ""
connection.failed.authentication.delay.ms INT 100
connections.max.idle.ms LONG 600000
connections.max.reauth.ms LONG 0
controller.listener.names LIST -
controller.performance.always.log.threshold.ms LONG 2000
controller.performance.sample.period.ms LONG 60000
controller.quorum.append.linger.ms INT 25
controller.quorum.auto.join.enable BOOLEAN false
controller.quorum.bootstrap.servers LIST ""
controller.quorum.election.backoff.max.ms INT 1000
controller.quorum.election.timeout.ms INT 1000
controller.quorum.fetch.max.bytes INT 1048576
controller.quorum.fetch.snapshot.max.bytes INT 1048576
controller.quorum.fetch.timeout.ms INT 2000
controller.quorum.request.timeout.ms INT 2000
controller.quorum.retry.backoff.ms INT 20
controller.quorum.voters LIST ""
controller.quota.window.num INT 11
controller.quota.window.size.seconds INT 1
controller.socket.timeout.ms INT 30000
cordoned.log.dirs LIST ""
create.topic.policy.class.name CLASS -
delegation.token.expiry.check.interval.ms LONG 3600000
delegation.token.expiry.time.ms LONG 86400000
delegation.token.max.lifetime.ms LONG 604800000
delegation.token.secret.key PASSWORD -
delete.records.purgatory.purge.interval.requests INT 1
early.start.listeners LIST -
errors.deadletterqueue.auto.create.topics.enable BOOLEAN false
errors.deadletterqueue.topic.name.prefix STRING dlq.
fetch.purgatory.purge.interval.requests INT 1000
follower.fetch.last.tiered.offset.enable BOOLEAN false
follower.replication.throttled.rate LONG 9223372036854775807
group.consumer.assignor.offload.enable BOOLEAN true
group.consumer.regex.refresh.interval.ms INT 600000
group.coordinator.append.linger.ms INT -1
group.coordinator.background.threads INT 2
group.coordinator.cached.buffer.max.bytes INT 1048588
group.coordinator.rebalance.protocols LIST classic,consumer,streams
group.coordinator.threads INT 4
group.share.assignment.interval.ms INT 1000
group.share.assignor.offload.enable BOOLEAN true
group.share.assignors LIST simple
group.share.delivery.count.limit INT 5
group.share.dlq.manager.class.name STRING org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager
group.share.heartbeat.interval.ms INT 5000
group.share.initialize.retry.interval.ms INT 30000
group.share.max.assignment.interval.ms INT 15000
group.share.max.delivery.count.limit INT 10
group.share.max.heartbeat.interval.ms INT 15000
group.share.max.partition.max.record.locks INT 4000
group.share.max.record.lock.duration.ms INT 60000
group.share.max.session.timeout.ms INT 60000
group.share.max.share.sessions INT 2000
group.share.max.size INT 200
group.share.min.assignment.interval.ms INT 0
group.share.min.delivery.count.limit INT 2
group.share.min.heartbeat.interval.ms INT 5000
group.share.min.partition.max.record.locks INT 100
group.share.min.record.lock.duration.ms INT 15000
group.share.min.session.timeout.ms INT 45000
group.share.partition.max.record.locks INT 2000
group.share.persister.class.name STRING org.apache.kafka.server.share.persister.DefaultStatePersister
group.share.record.lock.duration.ms INT 30000
group.share.session.timeout.ms INT 45000
group.streams.acceptable.recovery.lag LONG 10000
group.streams.assignment.interval.ms INT 1000
group.streams.assignor.offload.enable BOOLEAN true
group.streams.assignors LIST sticky
group.streams.heartbeat.interval.ms INT 5000
group.streams.initial.rebalance.delay.ms INT 3000
group.streams.max.assignment.interval.ms INT 15000
group.streams.max.heartbeat.interval.ms INT 15000
group.streams.max.session.timeout.ms INT 60000
group.streams.max.size INT 2147483647
group.streams.max.standby.replicas INT 2
group.streams.max.warmup.replicas INT 20
group.streams.min.assignment.interval.ms INT 0
group.streams.min.heartbeat.interval.ms INT 5000
group.streams.min.session.timeout.ms INT 45000
group.streams.min.task.offset.interval.ms INT 15000
group.streams.num.standby.replicas INT 0
group.streams.num.warmup.replicas INT 2
group.streams.rack.aware.assignment.tags LIST ""
group.streams.session.timeout.ms INT 45000
group.streams.task.offset.interval.ms INT 60000
group.streams.topology.description.plugin.class CLASS -
initial.broker.registration.timeout.ms INT 60000
inter.broker.listener.name STRING -
internal.metadata.delete.delay.millis LONG 60000
internal.metadata.log.segment.bytes INT -
internal.metadata.max.batch.size.in.bytes INT 8388608
kafka.metrics.polling.interval.secs INT 10
kafka.metrics.reporters LIST ""
leader.replication.throttled.rate LONG 9223372036854775807
listener.security.protocol.map STRING -
listeners LIST PLAINTEXT://:9092
log.cleaner.io.buffer.size INT 524288
log.cleaner.io.max.bytes.per.second DOUBLE 1.7976931348623157E308
log.dir LIST /tmp/kafka-logs
log.dir.failure.timeout.ms LONG 30000
log.dirs LIST -
log.flush.offset.checkpoint.interval.ms INT 60000
log.flush.start.offset.checkpoint.interval.ms INT 60000
log.initial.task.delay.ms LONG 30000
max.connection.creation.rate INT 2147483647
max.connections INT 2147483647
max.connections.per.ip INT 2147483647
max.connections.per.ip.overrides STRING ""
max.request.partition.size.limit INT 2000
metadata.log.dir STRING -
metadata.log.max.record.bytes.between.snapshots LONG 20971520
metadata.log.max.snapshot.interval.ms LONG 3600000
metadata.log.segment.bytes INT 1073741824
metadata.log.segment.ms LONG 604800000
metadata.max.idle.interval.ms INT 500
metadata.max.retention.bytes LONG 104857600
metadata.max.retention.ms LONG 604800000
metric.reporters LIST org.apache.kafka.common.metrics.JmxReporter
metrics.num.samples INT 2
metrics.recording.level STRING INFO
metrics.sample.window.ms LONG 30000
node.id INT -
num.io.threads INT 8
num.network.threads INT 3
num.replica.alter.log.dirs.threads INT -
num.replica.fetchers INT 1
offsets.load.buffer.size INT 5242880
offsets.topic.compression.codec INT 0
principal.builder.class CLASS org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder
process.roles LIST -
producer.purgatory.purge.interval.requests INT 1000
queued.max.request.bytes LONG -1
queued.max.requests INT 500
quota.window.num INT 11
quota.window.size.seconds INT 1
remote.fetch.max.wait.ms INT 500
remote.list.offsets.request.timeout.ms LONG 30000
remote.log.index.file.cache.total.size.bytes LONG 1073741824
remote.log.index.file.cache.ttl.ms LONG 900000
remote.log.manager.copier.thread.pool.size INT 10
remote.log.manager.copy.max.bytes.per.second LONG 9223372036854775807
remote.log.manager.copy.quota.window.num INT 11
remote.log.manager.copy.quota.window.size.seconds INT 1
remote.log.manager.expiration.thread.pool.size INT 10
remote.log.manager.fetch.max.bytes.per.second LONG 9223372036854775807
remote.log.manager.fetch.quota.window.num INT 11
remote.log.manager.fetch.quota.window.size.seconds INT 1
remote.log.manager.follower.thread.pool.size INT 2
remote.log.manager.task.interval.ms LONG 30000
remote.log.manager.task.retry.backoff.max.ms LONG 30000
remote.log.manager.task.retry.backoff.ms LONG 500
remote.log.manager.task.retry.jitter DOUBLE 0.2
remote.log.manager.thread.pool.size INT 2
remote.log.metadata.custom.metadata.max.bytes INT 128
remote.log.metadata.manager.class.name STRING -
remote.log.metadata.manager.class.path STRING -
remote.log.metadata.manager.impl.prefix STRING rlmm.config.
remote.log.metadata.manager.listener.name STRING -
remote.log.reader.max.pending.tasks INT 100
remote.log.reader.threads INT 10
remote.log.storage.manager.class.name STRING -
remote.log.storage.manager.class.path STRING -
remote.log.storage.manager.impl.prefix STRING rsm.config.
remote.log.storage.system.enable BOOLEAN false
replica.alter.log.dirs.io.max.bytes.per.second LONG 9223372036854775807
replica.socket.receive.buffer.bytes INT 65536
replica.socket.timeout.ms INT 30000
replication.quota.window.num INT 11
replication.quota.window.size.seconds INT 1
sasl.client.callback.handler.class CLASS -
sasl.enabled.mechanisms LIST GSSAPI
sasl.jaas.config PASSWORD -
sasl.kerberos.kinit.cmd STRING /usr/bin/kinit
sasl.kerberos.min.time.before.relogin LONG 60000
sasl.kerberos.principal.to.local.rules LIST DEFAULT
sasl.kerberos.service.name STRING -
sasl.kerberos.ticket.renew.jitter DOUBLE 0.05
sasl.kerberos.ticket.renew.window.factor DOUBLE 0.8
sasl.login.callback.handler.class CLASS -
sasl.login.class CLASS -
sasl.login.connect.timeout.ms INT -
sasl.login.read.timeout.ms INT -
sasl.login.refresh.buffer.seconds SHORT 300
sasl.login.refresh.min.period.seconds SHORT 60
sasl.login.refresh.window.factor DOUBLE 0.8
sasl.login.refresh.window.jitter DOUBLE 0.05
sasl.login.retry.backoff.max.ms LONG 10000
sasl.login.retry.backoff.ms LONG 100
sasl.mechanism.controller.protocol STRING GSSAPI
sasl.mechanism.inter.broker.protocol STRING GSSAPI
sasl.oauthbearer.allow.unverified.audience BOOLEAN false
sasl.oauthbearer.allow.unverified.issuer BOOLEAN false
sasl.oauthbearer.assertion.algorithm STRING RS256
sasl.oauthbearer.assertion.claim.aud STRING -
sasl.oauthbearer.assertion.claim.exp.seconds INT 300
sasl.oauthbearer.assertion.claim.iss STRING -
sasl.oauthbearer.assertion.claim.jti.include BOOLEAN false
sasl.oauthbearer.assertion.claim.nbf.seconds INT 60
sasl.oauthbearer.assertion.claim.sub STRING -
sasl.oauthbearer.assertion.file STRING -
sasl.oauthbearer.assertion.private.key.file STRING -
sasl.oauthbearer.assertion.private.key.passphrase PASSWORD -
sasl.oauthbearer.assertion.template.file STRING -
sasl.oauthbearer.client.credentials.client.id STRING -
sasl.oauthbearer.client.credentials.client.secret PASSWORD -
sasl.oauthbearer.clock.skew.seconds INT 30
sasl.oauthbearer.expected.audience LIST ""
sasl.oauthbearer.expected.issuer STRING -
sasl.oauthbearer.jwks.endpoint.refresh.ms LONG 3600000
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms LONG 10000
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms LONG 100
sasl.oauthbearer.jwks.endpoint.url STRING -
sasl.oauthbearer.jwt.retriever.class CLASS org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever
sasl.oauthbearer.jwt.validator.class CLASS org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator
sasl.oauthbearer.scope STRING -
sasl.oauthbearer.scope.claim.name STRING scope
sasl.oauthbearer.sub.claim.name STRING sub
sasl.oauthbearer.token.endpoint.url STRING -
sasl.server.callback.handler.class CLASS -
sasl.server.max.receive.size INT 524288
security.inter.broker.protocol STRING PLAINTEXT
security.providers STRING -
server.max.startup.time.ms LONG 9223372036854775807
share.coordinator.append.linger.ms INT -1
share.coordinator.cached.buffer.max.bytes INT 1048588
share.coordinator.cold.partition.snapshot.interval.ms INT 300000
share.coordinator.load.buffer.size INT 5242880
share.coordinator.snapshot.update.records.per.snapshot INT 500
share.coordinator.state.topic.compression.codec INT 0
share.coordinator.state.topic.min.isr SHORT 2
share.coordinator.state.topic.num.partitions INT 50
share.coordinator.state.topic.prune.interval.ms INT 300000
share.coordinator.state.topic.replication.factor SHORT 3
share.coordinator.state.topic.segment.bytes INT 104857600
share.coordinator.threads INT 1
share.coordinator.write.timeout.ms INT 5000
share.fetch.purgatory.purge.interval.requests INT 1000
socket.connection.setup.timeout.max.ms LONG 30000
socket.connection.setup.timeout.ms LONG 10000
socket.listen.backlog.size INT 50
socket.receive.buffer.bytes INT 102400
socket.send.buffer.bytes INT 102400
ssl.allow.dn.changes BOOLEAN false
ssl.allow.san.changes BOOLEAN false
ssl.cipher.suites LIST ""
ssl.client.auth STRING none
ssl.enabled.protocols LIST TLSv1.2,TLSv1.3
ssl.endpoint.identification.algorithm STRING https
ssl.engine.factory.class CLASS -
ssl.key.password PASSWORD -
ssl.keymanager.algorithm STRING SunX509
ssl.keystore.certificate.chain PASSWORD -
ssl.keystore.key PASSWORD -
ssl.keystore.location STRING -
ssl.keystore.password PASSWORD -
ssl.keystore.type STRING JKS
ssl.principal.mapping.rules STRING DEFAULT
ssl.protocol STRING TLSv1.3
ssl.provider STRING -
ssl.secure.random.implementation STRING -
ssl.trustmanager.algorithm STRING PKIX
ssl.truststore.certificates PASSWORD -
ssl.truststore.location STRING -
ssl.truststore.password PASSWORD -
ssl.truststore.type STRING JKS
telemetry.max.bytes INT 1048576
transaction.state.log.load.buffer.size INT 5242880
transaction.two.phase.commit.enable BOOLEAN false
unstable.api.versions.enable BOOLEAN false
unstable.feature.versions.enable BOOLEAN false
"""

UNDESCRIBED: Final = frozenset(
    {
        "consumer.assignor.offload.enable",
        "share.assignor.offload.enable",
        "streams.acceptable.recovery.lag",
        "streams.assignor.offload.enable",
        "streams.num.warmup.replicas",
        "streams.task.offset.interval.ms",
    }
)
"""Settings of groups that may be set, but that Kafka keeps to itself: DescribeConfigs does not show them."""

_GROUP: Final = """
consumer.assignor.offload.enable BOOLEAN true
errors.deadletterqueue.copy.record.enable BOOLEAN false
errors.deadletterqueue.topic.name STRING ""
share.assignment.interval.ms INT 1000
share.assignor.offload.enable BOOLEAN true
share.auto.offset.reset STRING latest
share.delivery.count.limit INT 5
share.heartbeat.interval.ms INT 5000
share.isolation.level STRING read_uncommitted
share.partition.max.record.locks INT 2000
share.record.lock.duration.ms INT 30000
share.renew.acknowledge.enable BOOLEAN true
share.session.timeout.ms INT 45000
streams.acceptable.recovery.lag LONG 10000
streams.assignment.interval.ms INT 1000
streams.assignor.name STRING -
streams.assignor.offload.enable BOOLEAN true
streams.heartbeat.interval.ms INT 5000
streams.initial.rebalance.delay.ms INT 3000
streams.num.standby.replicas INT 0
streams.num.warmup.replicas INT 2
streams.rack.aware.assignment.tags LIST ""
streams.session.timeout.ms INT 45000
streams.task.offset.interval.ms INT 60000
"""


def _table(text: str) -> Mapping[str, Setting]:
    table = {}
    for line in text.strip().splitlines():
        name, kind, default = line.split()
        unset = Setting(name, SettingType[kind], None, supported=name in SHELL_SETTINGS)
        value = None if default == "-" else unset.parse("" if default == '""' else default)
        table[name] = Setting(name, unset.type, value, supported=unset.supported)
    return MappingProxyType(table)


def known_broker_settings() -> Mapping[str, Setting]:
    """Broker settings without effect here. Built when asked: most runs never look."""
    return _table(_BROKER)


def known_group_settings() -> Mapping[str, Setting]:
    """Settings of groups without effect here."""
    return _table(_GROUP)
