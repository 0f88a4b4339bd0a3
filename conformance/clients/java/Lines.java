import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;

/** One JSON line per operation, at once visible to the harness. */
final class Lines {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private Lines() {}

    static synchronized void emit(String op, Object... fields) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("op", op);
        for (int i = 0; i < fields.length; i += 2) {
            if (fields[i + 1] != null) {
                line.put((String) fields[i], fields[i + 1]);
            }
        }
        try {
            OUT.write((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static void sent(String id, String topic, RecordMetadata at, Exception error) {
        emit("send", "id", id, "topic", topic,
            "partition", at == null ? null : at.partition(), "offset", at == null ? null : at.offset(),
            "outcome", sendOutcome(error), "error", name(error));
    }

    static void received(ConsumerRecord<String, String> record) {
        emit("recv", "id", record.value(), "topic", record.topic(),
            "partition", record.partition(), "offset", record.offset());
    }

    /** An error is a proof of failure only where it says that nothing was appended. */
    private static String sendOutcome(Exception error) {
        if (error == null) {
            return "ok";
        }
        boolean notAppended = error instanceof NotEnoughReplicasException
            || error instanceof RecordTooLargeException
            || error instanceof InvalidRecordException
            || error instanceof ProducerFencedException;
        return notAppended ? "fail" : "unknown";
    }

    static String transactionOutcome(Exception error) {
        return error instanceof RetriableException ? "unknown" : "fail";
    }

    static String name(Exception error) {
        return error == null ? null : error.getClass().getSimpleName();
    }
}
