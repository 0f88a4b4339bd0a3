import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Consume, transform, produce, with the offsets in the same transaction; runs until it is killed. */
final class Copy {
    private Copy() {}

    static void run(Options options) {
        var settings = options.consumer();
        settings.put("enable.auto.commit", "false");
        settings.put("max.poll.records", options.batch);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(options.producer());
                KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
            producer.initTransactions();
            consumer.subscribe(options.topics);
            Lines.emit("ready");
            while (true) {
                ConsumerRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                if (!batch.isEmpty()) {
                    copy(producer, consumer, batch, options.output);
                }
            }
        }
    }

    private static void copy(KafkaProducer<String, String> producer, KafkaConsumer<String, String> consumer,
            ConsumerRecords<String, String> batch, String output) {
        List<String> ids = new ArrayList<>();
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        try {
            producer.beginTransaction();
            for (ConsumerRecord<String, String> record : batch) {
                ids.add(record.value());
                // The same partition, so that the order within it can be checked.
                producer.send(new ProducerRecord<>(output, record.partition(), record.key(), record.value()));
                positions.put(new TopicPartition(record.topic(), record.partition()),
                    new OffsetAndMetadata(record.offset() + 1));
            }
            producer.sendOffsetsToTransaction(positions, consumer.groupMetadata());
            producer.commitTransaction();
            Lines.emit("copy", "ids", ids, "outcome", "ok");
        } catch (ProducerFencedException | OutOfOrderSequenceException | AuthorizationException fatal) {
            throw fatal;
        } catch (KafkaException failure) {
            Lines.emit("copy", "ids", ids, "outcome", Lines.transactionOutcome(failure), "error", Lines.name(failure));
            producer.abortTransaction();
            rewind(consumer);
        }
    }

    /** Read again from what the last committed transaction left. */
    private static void rewind(KafkaConsumer<String, String> consumer) {
        consumer.committed(consumer.assignment()).forEach((partition, committed) ->
            consumer.seek(partition, committed == null ? 0 : committed.offset()));
    }
}
