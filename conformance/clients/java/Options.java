import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** What the harness asks for; the README says what each name means. */
final class Options {
    @JsonProperty String bootstrap;
    @JsonProperty String topic = "";
    @JsonProperty List<String> topics = List.of();
    @JsonProperty String group = "";
    @JsonProperty String prefix = "r";
    @JsonProperty int first = 0;
    @JsonProperty int records = 0;
    @JsonProperty int keys = 100;
    @JsonProperty("linger_ms") int lingerMs = 0;
    @JsonProperty("session_ms") int sessionMs = 0;
    @JsonProperty("state_dir") String stateDir = "";
    @JsonProperty String isolation = "";
    @JsonProperty("transactional_id") String transactionalId = "";
    @JsonProperty String output = "";
    @JsonProperty int batch = 100;
    @JsonProperty Map<String, Object> config = Map.of();
    @JsonProperty("consumer_config") Map<String, Object> consumerConfig = Map.of();

    Properties producer() {
        Properties properties = common();
        properties.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        properties.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        if (!transactionalId.isEmpty()) {
            properties.put("transactional.id", transactionalId);
        }
        return properties;
    }

    Properties consumer() {
        Properties properties = common();
        properties.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        properties.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        properties.putAll(consumerConfig);
        properties.put("group.id", group);
        properties.put("auto.offset.reset", "earliest");
        if (sessionMs > 0) {
            properties.put("session.timeout.ms", sessionMs);
        }
        if (!isolation.isEmpty()) {
            properties.put("isolation.level", isolation);
        }
        return properties;
    }

    private Properties common() {
        Properties properties = new Properties();
        properties.putAll(config);
        properties.put("bootstrap.servers", bootstrap);
        return properties;
    }
}
