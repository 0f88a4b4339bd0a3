import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** One transaction per batch. Offsets go `in the transaction`, or by the consumer `after` it. */
final class Copy {
    private Copy() {}

    static void run(Options options) {
        TopicPartition source = new TopicPartition(options.text("topic"), 0);
        int copied = 0;
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(options.producer());
                KafkaConsumer<String, String> consumer = Consume.open(options)) {
            producer.initTransactions();
            while (consumer.position(source) < options.number("records")) {
                ConsumerRecords<String, String> batch = consumer.poll(Consume.POLL);
                if (batch.isEmpty()) {
                    continue;
                }
                copied += batch.count();
                boolean isLast = options.number("after") > 0 && copied >= options.number("after");
                write(options, producer, batch);
                if (isLast && options.is("dies", "before the commit")) {
                    LabApp.die();
                }
                if (options.is("commits", "in the transaction")) {
                    OffsetAndMetadata next = new OffsetAndMetadata(consumer.position(source));
                    producer.sendOffsetsToTransaction(Map.of(source, next), consumer.groupMetadata());
                }
                History.say(options.text("process"), "invoke", "commit");
                producer.commitTransaction();
                History.say(options.text("process"), "ok", "commit");
                if (isLast && options.is("dies", "after the commit")) {
                    LabApp.die();
                }
                if (!options.is("commits", "in the transaction")) {
                    consumer.commitSync();
                }
            }
        }
    }

    private static void write(Options options, KafkaProducer<String, String> producer,
            ConsumerRecords<String, String> batch) {
        String process = options.text("process");
        String output = options.text("output");
        producer.beginTransaction();
        History.say(process, "ok", "begin");
        for (ConsumerRecord<String, String> record : batch) {
            String id = record.value();
            History.sends(process, id, output);
            producer.send(new ProducerRecord<>(output, 0, null, id), History.told(process, id, output));
        }
        producer.flush();
    }
}
