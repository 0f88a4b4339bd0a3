// Reads orders as a member of a group.

/** The next `count` orders, committed once they are all here. */
export async function next(kafka, topic, groupId, count) {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const orders = [];
  const last = await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (orders.push(message.value.toString()) === count) {
          resolve({ topic, partition, offset: (BigInt(message.offset) + 1n).toString() });
        }
      },
    }).catch(reject);
  });
  await consumer.commitOffsets([last]);
  await consumer.disconnect();
  return orders;
}
