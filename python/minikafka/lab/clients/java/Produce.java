import java.util.List;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Send `ids`, those in `large` with `pad` bytes more, and end; flush() after every `batch` of them, if there is one.
 * `listens`: with a callback. `flush`: close() at the end.
 */
final class Produce {
    private Produce() {}

    static void run(Options options) {
        KafkaProducer<String, String> producer = new KafkaProducer<>(options.producer());
        String process = options.text("process");
        String topic = options.text("topic");
        List<String> large = options.list("large");
        int sent = 0;
        for (String id : options.list("ids")) {
            String value = large.contains(id) ? id + " ".repeat(options.number("pad")) : id;
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, null, value);
            History.sends(process, id, topic);
            if (options.is("listens", "true")) {
                producer.send(record, History.told(process, id, topic));
            } else {
                producer.send(record);
                History.sent(process, id, topic);
            }
            sent++;
            if (options.number("batch") > 0 && sent % options.number("batch") == 0) {
                producer.flush();
            }
        }
        if (options.is("flush", "true")) {
            producer.close();
        }
    }
}
