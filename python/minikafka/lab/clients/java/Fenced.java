import java.util.List;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/**
 * The article's listing, twice with one transactional.id: `old` stands still after half of its records, `new` does the
 * whole work, `old` goes on as the listing says, its catch included.
 */
final class Fenced {
    private Fenced() {}

    static void run(Options options) {
        List<String> ids = options.list("ids");
        int half = options.number("after");
        KafkaProducer<String, String> old = new KafkaProducer<>(options.producer());
        old.initTransactions();
        begin("old", old);
        send(options, "old", old, ids.subList(0, half));
        old.flush();

        try (KafkaProducer<String, String> successor = new KafkaProducer<>(options.producer())) {
            successor.initTransactions();
            begin("new", successor);
            send(options, "new", successor, ids);
            commit("new", successor);
        }

        try {
            send(options, "old", old, ids.subList(half, ids.size()));
            commit("old", old);
        } catch (KafkaException failure) {
            History.say("old", "fail", "commit", "error", History.name(failure));
            History.say("old", "invoke", "abort");
            try {
                old.abortTransaction();
                History.say("old", "ok", "abort");
            } catch (KafkaException again) {
                History.say("old", "fail", "abort", "error", History.name(again));
            }
        }
        old.close();
    }

    private static void begin(String process, KafkaProducer<String, String> producer) {
        producer.beginTransaction();
        History.say(process, "ok", "begin");
    }

    private static void send(Options options, String process, KafkaProducer<String, String> producer,
            List<String> ids) {
        String topic = options.text("topic");
        for (String id : ids) {
            History.sends(process, id, topic);
            producer.send(new ProducerRecord<>(topic, 0, null, id), History.told(process, id, topic));
        }
    }

    private static void commit(String process, KafkaProducer<String, String> producer) {
        History.say(process, "invoke", "commit");
        producer.commitTransaction();
        History.say(process, "ok", "commit");
    }
}
