import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Kafka Streams with exactly_once_v2: count the records of each word, by way of a repartition topic, in a RocksDB store
 * with a changelog. Every count is written as `word:count`, so the output shows each input record once or tells.
 */
final class Count {
    private static final int WORDS = 20;

    private Count() {}

    static void run(Options options) throws InterruptedException {
        try (KafkaStreams streams = new KafkaStreams(topology(options).build(), settings(options))) {
            streams.setUncaughtExceptionHandler(failure -> {
                Lines.emit("error", "error", failure.toString());
                return StreamThreadExceptionResponse.REPLACE_THREAD;
            });
            streams.setStateListener((now, before) -> {
                if (now == KafkaStreams.State.RUNNING) {
                    Lines.emit("ready");
                }
            });
            streams.start();
            new CountDownLatch(1).await();
        }
    }

    private static StreamsBuilder topology(Options options) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(options.topics)
            .selectKey((key, id) -> "word-" + number(id) % WORDS)
            .groupByKey()
            .count(Materialized.as("counts"))
            .toStream()
            .mapValues((word, count) -> word + ":" + count)
            .peek((word, counted) -> Lines.emit("step", "id", counted))
            .to(options.output, Produced.with(Serdes.String(), Serdes.String()));
        return builder;
    }

    private static int number(String id) {
        return Integer.parseInt(id.substring(id.lastIndexOf(':') + 1));
    }

    private static Properties settings(Options options) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", options.bootstrap);
        properties.put("application.id", options.group);
        properties.put("processing.guarantee", "exactly_once_v2");
        properties.put("state.dir", options.stateDir);
        properties.put("replication.factor", 3);
        // A count for every record, not the last of each commit interval.
        properties.put("statestore.cache.max.bytes", 0);
        properties.put("default.key.serde", Serdes.StringSerde.class);
        properties.put("default.value.serde", Serdes.StringSerde.class);
        properties.put("consumer.auto.offset.reset", "earliest");
        properties.put("consumer.session.timeout.ms", options.sessionMs);
        properties.put("consumer.heartbeat.interval.ms", options.sessionMs / 4);
        return properties;
    }
}
