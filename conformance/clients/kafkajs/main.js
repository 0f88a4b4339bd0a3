// KafkaJS under the contract of conformance/README.md: produce, consume, transact, copy.
"use strict";

const path = require("node:path");
const { createRequire } = require("node:module");
const readline = require("node:readline");

// The packages are installed in the cache, beside nothing that git tracks.
const { Kafka, logLevel } = createRequire(path.join(process.env.NODE_PROGRAMS, "package.json"))("kafkajs");

const BATCH = 500;
const FENCED = new Set(["INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"]);

function emit(op, fields) {
  process.stdout.write(`${JSON.stringify({ op, ...fields })}\n`);
}

function connect(options) {
  return new Kafka({ brokers: options.bootstrap.split(","), logLevel: logLevel.NOTHING });
}

function* messages({ first = 0, records, keys = 100, prefix = "r" }) {
  for (let number = first; number < first + records; number++) {
    yield { key: `key-${number % keys}`, value: `${prefix}:${number}` };
  }
}

// KafkaJS answers one offset per partition and not which record went where, so a send has no partition here:
// the reader tells where each record is.
async function produce(options) {
  const producer = connect(options).producer();
  await producer.connect();
  const all = [...messages(options)];
  for (let start = 0; start < all.length; start += BATCH) {
    const batch = all.slice(start, start + BATCH);
    const result = await attempt(() => producer.send({ topic: options.topic, messages: batch }));
    for (const { value } of batch) {
      emit("send", { id: value, topic: options.topic, ...result });
    }
  }
  await producer.disconnect();
  emit("done");
}

async function attempt(operation) {
  try {
    await operation();
    return { outcome: "ok" };
  } catch (failure) {
    // Only who was fenced knows that it did not happen.
    return { outcome: FENCED.has(failure.type) ? "fail" : "unknown", error: failure.type ?? failure.name };
  }
}

// Reads `records` records in a group, then on for `linger_ms` to catch surplus; commits what was read.
async function consume(options) {
  const consumer = connect(options).consumer({ groupId: options.group, sessionTimeout: options.session_ms ?? 30_000 });
  await consumer.connect();
  await consumer.subscribe({ topics: options.topics, fromBeginning: true });
  const offsets = {};
  let received = 0;
  await new Promise((resolve, reject) => {
    // After most crashes KafkaJS starts the consumer again by itself; only one that stays down is the end.
    consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
    consumer
      .run({
        eachMessage: async ({ topic, partition, message }) => {
          emit("recv", { id: message.value.toString(), topic, partition, offset: Number(message.offset) });
          offsets[`${topic}:${partition}`] = Number(message.offset) + 1;
          received += 1;
          if (received === options.records) {
            setTimeout(resolve, options.linger_ms ?? 0);
          }
        },
      })
      .catch(reject);
  });
  consumer.pause(options.topics.map((topic) => ({ topic })));
  const committed = Object.entries(offsets).map(([place, offset]) => {
    const [topic, partition] = place.split(":");
    return { topic, partition: Number(partition), offset: String(offset) };
  });
  emit("commit", { ...(await attempt(() => consumer.commitOffsets(committed))), offsets });
  // What was still in hand is read, and stopping commits it too.
  await consumer.stop();
  await consumer.disconnect();
  emit("done");
}

// A transactional producer; KafkaJS asks for its id with the first transaction.
async function connectTransactional(options) {
  const producer = connect(options).producer({
    transactionalId: options.transactional_id,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  return producer;
}

// Obeys the steps on stdin, one JSON object per line: init, begin, send, commit, abort.
async function transact(options) {
  const producer = await connectTransactional(options);
  let transaction = null;
  const take = {
    init: async () => {
      transaction = await producer.transaction();
    },
    begin: async () => {
      transaction = transaction?.isActive() ? transaction : await producer.transaction();
    },
    send: ({ topic, partition, id }) => sendOne(transaction, topic, Number(partition), id),
    commit: () => transaction.commit(),
    abort: () => transaction.abort(),
  };
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const step = JSON.parse(line);
    emit(step.do, await attempt(() => take[step.do](step)));
  }
}

async function sendOne(transaction, topic, partition, id) {
  let offset;
  const result = await attempt(async () => {
    const [written] = await transaction.send({ topic, messages: [{ partition, value: id }] });
    offset = Number(written.baseOffset);
  });
  emit("send", { id, topic, partition, offset, ...result });
}

// Consumes, transforms and produces, with the offsets in the same transaction, until it is killed.
async function copy(options) {
  const consumer = connect(options).consumer({ groupId: options.group, sessionTimeout: options.session_ms ?? 30_000, readUncommitted: false });
  consumer.on(consumer.events.CRASH, ({ payload }) => emit("error", { error: payload.error.name }));
  await consumer.connect();
  await consumer.subscribe({ topics: options.topics, fromBeginning: true });
  let producer = await connectTransactional(options);
  emit("ready");
  // One partition after the other, so one producer does.
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      for (let at = 0; at < batch.messages.length && isRunning() && !isStale(); at += options.batch ?? 100) {
        const part = batch.messages.slice(at, at + (options.batch ?? 100));
        const result = await attempt(() => copyPart(producer, batch, part, options));
        emit("copy", { ids: part.map(({ value }) => value.toString()), ...result });
        if (result.outcome !== "ok") {
          producer = await goOn(producer, consumer, batch, options);
          return;
        }
        resolveOffset(part.at(-1).offset);
        await heartbeat();
      }
    },
  });
}

async function copyPart(producer, { topic, partition }, messages, options) {
  const transaction = await producer.transaction();
  // The same partition, so that the order within it can be checked.
  const written = messages.map(({ key, value }) => ({ partition, key, value }));
  await transaction.send({ topic: options.output, messages: written });
  const offset = String(Number(messages.at(-1).offset) + 1);
  await transaction.sendOffsets({
    consumerGroupId: options.group,
    topics: [{ topic, partitions: [{ partition, offset }] }],
  });
  await transaction.commit();
}

// After a failure only a new producer knows how the last transaction ended: asking for its id settles that one.
// Its first transaction is empty, which leaves no trace.
async function goOn(failed, consumer, { topic, partition }, options) {
  await attempt(() => failed.disconnect());
  const producer = await connectTransactional(options);
  await (await producer.transaction()).abort();
  const admin = connect(options).admin();
  await admin.connect();
  const [{ partitions }] = await admin.fetchOffsets({ groupId: options.group, topics: [topic] });
  await admin.disconnect();
  const { offset } = partitions.find((each) => each.partition === partition);
  consumer.seek({ topic, partition, offset: Number(offset) < 0 ? "0" : offset });
  return producer;
}

const [workload, given] = process.argv.slice(2);
({ produce, consume, transact, copy })[workload](JSON.parse(given)).catch((failure) => {
  process.stderr.write(`${failure.stack}\n`);
  process.exit(1);
});
