import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import kafkajs from "kafkajs";
import { next } from "./orders.js";

const { Kafka, logLevel, Partitioners } = kafkajs;
const kafka = new Kafka({
  brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(","),
  logLevel: logLevel.NOTHING,
});

async function produce(topic, ...orders) {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic, messages: orders.map((value) => ({ key: "customer", value })) });
  await producer.disconnect();
}

test("each order is read once and in order", { timeout: 60_000 }, async () => {
  const topic = `orders-${randomUUID()}`;
  await produce(topic, "one", "two", "three");
  assert.deepEqual(await next(kafka, topic, "billing", 3), ["one", "two", "three"]);
  await produce(topic, "four");
  assert.deepEqual(await next(kafka, topic, "billing", 1), ["four"]);
});
