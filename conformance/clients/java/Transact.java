import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Obey the steps on stdin, one JSON object per line: init, begin, send, commit, abort. */
final class Transact {
    private Transact() {}

    static void run(Options options) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader steps = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(options.producer())) {
            for (String line = steps.readLine(); line != null; line = steps.readLine()) {
                JsonNode step = json.readTree(line);
                String name = step.get("do").asText();
                try {
                    take(producer, name, step);
                    Lines.emit(name, "outcome", "ok");
                } catch (KafkaException failure) {
                    Lines.emit(name, "outcome", Lines.transactionOutcome(failure), "error", Lines.name(failure));
                }
            }
        }
    }

    private static void take(KafkaProducer<String, String> producer, String name, JsonNode step) {
        switch (name) {
            case "init" -> producer.initTransactions();
            case "begin" -> producer.beginTransaction();
            case "commit" -> producer.commitTransaction();
            case "abort" -> producer.abortTransaction();
            case "send" -> {
                String topic = step.get("topic").asText();
                String id = step.get("id").asText();
                producer.send(new ProducerRecord<>(topic, step.get("partition").asInt(), null, id),
                    (at, error) -> Lines.sent(id, topic, at, error));
                producer.flush();
            }
            default -> throw new IllegalArgumentException("no such step: " + name);
        }
    }
}
