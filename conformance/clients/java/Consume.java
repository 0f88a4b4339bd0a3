import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Read `records` records in a group, then on for `linger_ms` to catch surplus; commit what was read. */
final class Consume {
    private Consume() {}

    static void run(Options options) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(options.consumer())) {
            consumer.subscribe(options.topics);
            int received = 0;
            long deadline = Long.MAX_VALUE;
            while (System.currentTimeMillis() < deadline) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    Lines.received(record);
                    received++;
                }
                if (received >= options.records && deadline == Long.MAX_VALUE) {
                    deadline = System.currentTimeMillis() + options.lingerMs;
                }
            }
            commit(consumer);
        }
        Lines.emit("done");
    }

    private static void commit(KafkaConsumer<String, String> consumer) {
        try {
            consumer.commitSync();
            Map<String, Long> offsets = new TreeMap<>();
            for (TopicPartition partition : consumer.assignment()) {
                offsets.put(partition.topic() + ":" + partition.partition(), consumer.position(partition));
            }
            Lines.emit("commit", "outcome", "ok", "offsets", offsets);
        } catch (KafkaException failure) {
            Lines.emit("commit", "outcome", "unknown", "error", Lines.name(failure));
        }
    }
}
