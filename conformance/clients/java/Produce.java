import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Produce `records` numbered records and report each delivery. */
final class Produce {
    private Produce() {}

    static void run(Options options) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(options.producer())) {
            for (int number = options.first; number < options.first + options.records; number++) {
                String id = options.prefix + ":" + number;
                String key = "key-" + number % options.keys;
                producer.send(new ProducerRecord<>(options.topic, key, id),
                    (at, error) -> Lines.sent(id, options.topic, at, error));
            }
            producer.flush();
        }
        Lines.emit("done");
    }
}
