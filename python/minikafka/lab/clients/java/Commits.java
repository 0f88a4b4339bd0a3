import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Hears of every commit that succeeded: the application's, and those that the consumer makes by itself. Tells of them
 * where records are processed; a copy owes its output, and is judged by that.
 */
public final class Commits implements ConsumerInterceptor<String, String> {
    static final int INTERVAL_MS = 50;
    private static Options options;
    private static long committed = -1;

    /** Before a consumer is made: whose commits these are. */
    static synchronized void of(Options given) {
        options = given;
    }

    /** Wait until `offset` or more is committed; whether it was, within `timeoutMs`. */
    static synchronized boolean await(long offset, long timeoutMs) throws InterruptedException {
        long deadline = System.nanoTime() + timeoutMs * 1_000_000;
        while (committed < offset) {
            long leftMs = (deadline - System.nanoTime()) / 1_000_000;
            if (leftMs <= 0) {
                return false;
            }
            Commits.class.wait(leftMs);
        }
        return true;
    }

    private static synchronized void heard(TopicPartition partition, long offset) {
        committed = Math.max(committed, offset);
        if (options.is("work", "consume")) {
            History.say(options.text("process"), "ok", "commit_offsets", "topic", partition.topic(),
                "partition", partition.partition(), "offset", offset, "group", options.text("group"));
        }
        Commits.class.notifyAll();
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        offsets.forEach((partition, place) -> heard(partition, place.offset()));
    }

    @Override
    public ConsumerRecords<String, String> onConsume(ConsumerRecords<String, String> records) {
        return records;
    }

    @Override
    public void close() {}

    @Override
    public void configure(Map<String, ?> settings) {}
}
