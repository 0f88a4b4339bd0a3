import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Read, process, commit. `commits`: `auto`, or `after` processing (commitSync). `processing`: in the loop that polls,
 * or `by a thread` that gets its records from there.
 */
final class Consume {
    static final Duration POLL = Duration.ofMillis(50);
    private static final long PATIENCE_MS = 20_000;
    private final Options options;
    private final KafkaConsumer<String, String> consumer;
    private final TopicPartition partition;
    private int processed;
    private volatile boolean busy;

    private Consume(Options options, KafkaConsumer<String, String> consumer) {
        this.options = options;
        this.consumer = consumer;
        partition = new TopicPartition(options.text("topic"), 0);
    }

    static void run(Options options) throws InterruptedException {
        ExecutorService worker = Executors.newSingleThreadExecutor();
        // Closed on the way out, whatever happens, as the documentation asks.
        try (KafkaConsumer<String, String> consumer = open(options)) {
            new Consume(options, consumer).loop(worker);
        } finally {
            worker.shutdown();
        }
    }

    /** One member, which knows its partition: a dead predecessor's session need not be waited for. */
    static KafkaConsumer<String, String> open(Options options) {
        Commits.of(options);
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(options.consumer());
        consumer.assign(List.of(new TopicPartition(options.text("topic"), 0)));
        return consumer;
    }

    private void loop(ExecutorService worker) throws InterruptedException {
        while (consumer.position(partition) < options.number("records") || busy) {
            ConsumerRecords<String, String> batch = consumer.poll(POLL);
            if (batch.isEmpty()) {
                continue;
            }
            batch.forEach(record -> History.took(options, "poll", record));
            if (options.is("processing", "by a thread")) {
                busy = true;
                boolean isLast = consumer.position(partition) >= options.number("records");
                worker.submit(() -> process(batch, isLast));
            } else {
                process(batch, true);
            }
            if (options.is("commits", "after")) {
                consumer.commitSync();
            }
        }
    }

    /** `isLast`: there is nothing behind it that this thread has to do. */
    private Void process(ConsumerRecords<String, String> batch, boolean isLast) throws InterruptedException {
        for (ConsumerRecord<String, String> record : batch) {
            History.took(options, "process", record);
            processed++;
            if (processed == options.number("after")) {
                fail(record.offset());
            } else if (options.is("dies", "too early committed")) {
                dieIfCommitted(record.offset() + 2);
            }
        }
        busy = !isLast;
        return null;
    }

    /** If the broker has it that the record after this one, which is in hand, is done with. */
    private void dieIfCommitted(long offset) throws InterruptedException {
        // So long does a record take; the next poll then finds that it is time to commit.
        Commits.await(offset, Commits.INTERVAL_MS);
        OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);
        if (committed != null && committed.offset() >= offset) {
            LabApp.die();
        }
    }

    /** The next record is in hand, and is never processed. */
    private void fail(long offset) throws InterruptedException {
        if (options.is("dies", "throwing")) {
            throw new IllegalStateException("the record behind offset " + offset + " cannot be processed");
        }
        if (options.is("dies", "processing")) {
            // In the loop nobody commits, however long it takes: ten intervals. Elsewhere the loop goes on, and does.
            boolean isElsewhere = options.is("processing", "by a thread");
            Commits.await(offset + 2, isElsewhere ? PATIENCE_MS : 10 * Commits.INTERVAL_MS);
            LabApp.die();
        }
    }
}
