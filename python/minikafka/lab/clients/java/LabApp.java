/**
 * The lab's applications on Apache Kafka's own client: what `app.py` is on librdkafka, under the same contract.
 *
 * Arguments are NAME=VALUE, with the names of `app.py`. What it does and hears goes to stdout, one operation per line,
 * before the next thing is done; it dies where it was told to.
 */
public final class LabApp {
    private LabApp() {}

    public static void main(String[] arguments) throws Exception {
        Options options = new Options(arguments);
        switch (options.text("work")) {
            case "produce" -> Produce.run(options);
            case "consume" -> Consume.run(options);
            case "copy" -> Copy.run(options);
            case "fenced" -> Fenced.run(options);
            default -> throw new IllegalArgumentException("no such work: " + options.text("work"));
        }
    }

    /** Nobody gets to clean up: no close(), no shutdown hook. */
    static void die() {
        ProcessHandle self = ProcessHandle.current();
        try {
            new ProcessBuilder("kill", "-KILL", Long.toString(self.pid())).start().waitFor();
        } catch (java.io.IOException | InterruptedException failure) {
            throw new IllegalStateException("cannot die", failure);
        }
    }
}
