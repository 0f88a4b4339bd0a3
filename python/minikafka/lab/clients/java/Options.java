import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What an application is told, as NAME=VALUE; `settings.NAME=VALUE` is for the client, and lists have commas. */
final class Options {
    private static final String SETTING = "settings.";
    private final Map<String, String> told = new HashMap<>();

    Options(String[] arguments) {
        for (String argument : arguments) {
            String[] halves = argument.split("=", 2);
            told.put(halves[0], halves[1]);
        }
    }

    /** Empty where it was not told. */
    String text(String name) {
        return told.getOrDefault(name, "");
    }

    boolean is(String name, String value) {
        return text(name).equals(value);
    }

    /** 0 where it was not told. */
    int number(String name) {
        return Integer.parseInt(told.getOrDefault(name, "0"));
    }

    List<String> list(String name) {
        return text(name).isEmpty() ? List.of() : List.of(text(name).split(","));
    }

    Properties producer() {
        Properties properties = common();
        properties.put("key.serializer", StringSerializer.class);
        properties.put("value.serializer", StringSerializer.class);
        if (!text("transactional_id").isEmpty()) {
            properties.put("transactional.id", text("transactional_id"));
        }
        return properties;
    }

    /** Commits by itself, often, only if `commits` is `auto`. One poll hands out at most `batch` records. */
    Properties consumer() {
        Properties properties = common();
        properties.put("key.deserializer", StringDeserializer.class);
        properties.put("value.deserializer", StringDeserializer.class);
        properties.put("group.id", text("group"));
        properties.put("auto.offset.reset", "earliest");
        properties.put("isolation.level", "read_committed");
        properties.put("enable.auto.commit", is("commits", "auto"));
        properties.put("auto.commit.interval.ms", Commits.INTERVAL_MS);
        properties.put("interceptor.classes", Commits.class.getName());
        properties.put("max.poll.records", number("batch"));
        return properties;
    }

    private Properties common() {
        Properties properties = new Properties();
        told.forEach((name, value) -> {
            if (name.startsWith(SETTING)) {
                properties.put(name.substring(SETTING.length()), value);
            }
        });
        properties.put("bootstrap.servers", text("servers"));
        return properties;
    }
}
