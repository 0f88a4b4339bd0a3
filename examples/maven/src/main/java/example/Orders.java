package example;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads orders as a member of a group. */
public final class Orders implements AutoCloseable {
    private final KafkaConsumer<String, String> consumer;

    public Orders(String bootstrapServers, String topic, String group) {
        consumer = new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                        ConsumerConfig.GROUP_ID_CONFIG, group,
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false"),
                new StringDeserializer(),
                new StringDeserializer());
        consumer.subscribe(List.of(topic));
    }

    /** The next {@code count} orders, committed once they are all here. */
    public List<String> next(int count) {
        List<String> orders = new ArrayList<>();
        while (orders.size() < count) {
            consumer.poll(Duration.ofSeconds(1)).forEach(record -> orders.add(record.value()));
        }
        consumer.commitSync();
        return orders;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
