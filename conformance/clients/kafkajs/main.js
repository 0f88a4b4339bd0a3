// KafkaJS under the contract of conformance/README.md: produce, consume.
"use strict";

const path = require("node:path");
const { createRequire } = require("node:module");

// The packages are installed in the cache, beside nothing that git tracks.
const { Kafka, logLevel } = createRequire(path.join(process.env.NODE_PROGRAMS, "package.json"))("kafkajs");

const BATCH = 500;

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
    return { outcome: "unknown", error: failure.type ?? failure.name };
  }
}

// Reads `records` records in a group, then on for `linger_ms` to catch surplus; commits what was read.
async function consume(options) {
  const consumer = connect(options).consumer({ groupId: options.group });
  await consumer.connect();
  await consumer.subscribe({ topics: options.topics, fromBeginning: true });
  const offsets = {};
  let received = 0;
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
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

const [workload, given] = process.argv.slice(2);
({ produce, consume })[workload](JSON.parse(given)).catch((failure) => {
  process.stderr.write(`${failure.stack}\n`);
  process.exit(1);
});
