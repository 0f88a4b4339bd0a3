import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/**
 * Answers, for each case on standard input, what Apache Kafka's own classes write.
 *
 * A case is: class name (UTF), version (short), framing (byte: 'p' plain, 'k' coordinator key, 'v' version prefix,
 * 'm' metadata record), length (int), bytes; length -1 asks for a new instance instead of one read from bytes.
 * The answer is a length and bytes, or length -1 and a message (UTF). With the argument "ranges" it lists, per API,
 * key, lowest, highest stable version, and per version the request's and the response's header version.
 */
public class Oracle {
    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("ranges")) {
            ranges();
            return;
        }
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(new java.io.BufferedOutputStream(System.out));
        while (true) {
            String name;
            try {
                name = in.readUTF();
            } catch (EOFException end) {
                break;
            }
            short version = in.readShort();
            char framing = (char) in.readByte();
            int length = in.readInt();
            byte[] bytes = length < 0 ? null : in.readNBytes(length);
            try {
                byte[] written = write(read(name, version, bytes), version, framing);
                out.writeInt(written.length);
                out.write(written);
            } catch (Exception | StackOverflowError problem) {
                out.writeInt(-1);
                out.writeUTF(problem.toString());
            }
        }
        out.flush();
    }

    private static ApiMessage read(String name, short version, byte[] bytes) throws Exception {
        ApiMessage message = (ApiMessage) Class.forName(name).getDeclaredConstructor().newInstance();
        if (bytes != null) {
            ByteBufferAccessor readable = new ByteBufferAccessor(ByteBuffer.wrap(bytes));
            message.read(readable, version);
            if (readable.remaining() != 0) throw new IllegalStateException(readable.remaining() + " bytes left");
        }
        return message;
    }

    private static byte[] write(ApiMessage message, short version, char framing) {
        if (framing == 'k') return MessageUtil.toCoordinatorTypePrefixedBytes(message);
        if (framing == 'v') return MessageUtil.toVersionPrefixedBytes(version, message);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        if (framing == 'm') {
            ApiMessageAndVersion record = new ApiMessageAndVersion(message, version);
            ByteBuffer buffer = ByteBuffer.allocate(new MetadataRecordSerde().recordSize(record, cache));
            new MetadataRecordSerde().write(record, cache, new ByteBufferAccessor(buffer));
            return buffer.array();
        }
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        if (buffer.hasRemaining()) throw new IllegalStateException("size and write disagree");
        return buffer.array();
    }

    private static void ranges() {
        for (ApiMessageType api : ApiMessageType.values()) {
            StringBuilder line = new StringBuilder();
            line.append(api.apiKey()).append(' ').append(api.lowestSupportedVersion()).append(' ');
            line.append(api.highestSupportedVersion(false));
            for (short v = api.lowestSupportedVersion(); v <= api.highestSupportedVersion(true); v++) {
                line.append(' ').append(api.requestHeaderVersion(v)).append(',').append(api.responseHeaderVersion(v));
            }
            System.out.println(line);
        }
    }
}
