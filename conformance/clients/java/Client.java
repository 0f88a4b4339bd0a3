import com.fasterxml.jackson.databind.ObjectMapper;

/** Apache Kafka's own Java client under the contract of conformance/README.md. */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) throws Exception {
        Options options = new ObjectMapper().readValue(arguments[1], Options.class);
        switch (arguments[0]) {
            case "produce" -> Produce.run(options);
            case "consume" -> Consume.run(options);
            case "transact" -> Transact.run(options);
            case "copy" -> Copy.run(options);
            case "count" -> Count.run(options);
            default -> throw new IllegalArgumentException("no such workload: " + arguments[0]);
        }
    }
}
