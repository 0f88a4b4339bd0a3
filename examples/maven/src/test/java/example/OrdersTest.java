package example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OrdersTest {
    private static final String SERVERS = System.getenv("KAFKA_BOOTSTRAP_SERVERS");
    private final String topic = "orders-" + UUID.randomUUID();

    @BeforeEach
    void produce() throws Exception {
        try (var producer = new KafkaProducer<>(
                Map.<String, Object>of("bootstrap.servers", SERVERS), new StringSerializer(), new StringSerializer())) {
            for (String order : List.of("one", "two", "three")) {
                producer.send(new ProducerRecord<>(topic, "customer", order)).get();
            }
            producer.close(Duration.ofSeconds(10));
        }
    }

    @Test
    void readsEachOrderOnceAndInOrder() {
        try (Orders orders = new Orders(SERVERS, topic, "billing")) {
            assertEquals(List.of("one", "two", "three"), orders.next(3));
        }
    }

    @Test
    void goesOnWhereItsPredecessorCommitted() {
        try (Orders orders = new Orders(SERVERS, topic, "shipping")) {
            assertEquals(List.of("one", "two", "three"), orders.next(3));
        }
        try (var producer = new KafkaProducer<>(
                Map.<String, Object>of("bootstrap.servers", SERVERS), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, "customer", "four"));
        }
        try (Orders orders = new Orders(SERVERS, topic, "shipping")) {
            assertEquals(List.of("four"), orders.next(1));
        }
    }
}
