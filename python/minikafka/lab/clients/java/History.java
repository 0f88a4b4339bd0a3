import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** One JSON line per operation (`checker/operation.py`), written at once, so that no death cuts anything off. */
final class History {
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private History() {}

    /** `facts`: names and values in turn; a value is a number or a text without anything that JSON would escape. */
    static synchronized void say(String process, String type, String op, Object... facts) {
        StringBuilder line = new StringBuilder("{\"type\":\"" + type + "\",\"op\":\"" + op + "\"");
        line.append(",\"process\":\"").append(process).append('"');
        for (int i = 0; i < facts.length; i += 2) {
            String quote = facts[i + 1] instanceof Number ? "" : "\"";
            line.append(",\"" + facts[i] + "\":" + quote + facts[i + 1] + quote);
        }
        try {
            OUT.write(line.append("}\n").toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static void sends(String process, String id, String topic) {
        say(process, "invoke", "send", "id", id, "topic", topic, "partition", 0);
    }

    /** For an application that does not look: the return of send() is all it has. */
    static void sent(String process, String id, String topic) {
        say(process, "ok", "send", "id", id, "topic", topic, "partition", 0);
    }

    /** For one that does. */
    static Callback told(String process, String id, String topic) {
        return (at, error) -> say(process, outcome(error), "send", "id", id, "topic", topic, "partition", 0,
            "offset", error == null ? at.offset() : -1, "error", name(error));
    }

    /** `op`: poll or process. */
    static void took(Options options, String op, ConsumerRecord<String, String> record) {
        say(options.text("process"), "ok", op, "id", record.value(), "topic", record.topic(),
            "partition", record.partition(), "offset", record.offset(), "group", options.text("group"));
    }

    /** Empty for none. */
    static String name(Exception error) {
        return error == null ? "" : error.getClass().getSimpleName();
    }

    /** An error is a proof of failure only where it says that nothing was appended. */
    private static String outcome(Exception error) {
        if (error == null) {
            return "ok";
        }
        boolean notAppended = error instanceof NotEnoughReplicasException
            || error instanceof RecordTooLargeException
            || error instanceof InvalidRecordException
            || error instanceof InvalidProducerEpochException
            || error instanceof ProducerFencedException;
        return notAppended ? "fail" : "info";
    }
}
