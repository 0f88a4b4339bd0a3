"""Headers, framing and refusals of the codec. That fields travel as Kafka's is tests/wire's business."""

from __future__ import annotations

import pytest
from minikafka.wire import codec
from minikafka.wire.messages.api_versions import ApiVersion, ApiVersionsRequest, ApiVersionsResponse
from minikafka.wire.messages.fetch import FetchRequest
from minikafka.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from minikafka.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from minikafka.wire.records.cluster_metadata import PartitionChangeRecord, TopicRecord
from minikafka.wire.records.group_metadata import GroupMetadataKey
from minikafka.wire.records.offset_commit import OffsetCommitKey, OffsetCommitValue
from minikafka.wire.records.transaction_log import TransactionLogKey

PRODUCE, METADATA, API_VERSIONS = 0, 3, 18
HOSTILE_METADATA_V12 = b"\x00\x03\x00\x0c\x00\x00\x00\x01\xff\xff\x00" + b"\xff\xff\xff\xff\x0f"


def produce(records: bytes | memoryview) -> ProduceRequest:
    """One partition's worth of a produce."""
    partition = PartitionProduceData(index=1, records=records)
    return ProduceRequest(acks=-1, topic_data=[TopicProduceData(name="t", partition_data=[partition])])


def test_c1_an_api_versions_response_has_no_tags_in_its_header() -> None:
    """A client that asked in a version we lack must be able to read the answer, so its header is always v0."""
    body = ApiVersionsResponse(api_keys=[ApiVersion(api_key=18, min_version=0, max_version=5)])
    frame = codec.encode_response(API_VERSIONS, 3, 7, body)
    assert frame[4:10] == b"\x00\x00\x00\x07" + b"\x00\x00"  # correlation id, then at once the error code
    assert codec.decode_response(API_VERSIONS, 3, frame[4:]) == (7, body)


def test_c1_the_header_of_an_unknown_version_can_be_read() -> None:
    """The broker answers UNSUPPORTED_VERSION to the right correlation id."""
    frame = b"\x00\x12\x00\x63\x00\x00\x00\x05\x00\x01x" + b"whatever"
    header = codec.RequestHeader(API_VERSIONS, 99, 5, "x")
    assert codec.decode_request_header(frame) == header
    with pytest.raises(codec.UnsupportedVersion) as caught:
        codec.decode_request(frame)
    assert caught.value.header == header


def test_an_unknown_api_key_is_an_unsupported_version() -> None:
    """API key 4 (LeaderAndIsr) is gone since Kafka 4.0."""
    with pytest.raises(codec.UnsupportedVersion):
        codec.decode_request(b"\x00\x04\x00\x00\x00\x00\x00\x05\xff\xff")


@pytest.mark.parametrize(("version", "header_bytes"), [(2, 10), (3, 11)])
def test_a_request_header_has_tags_from_the_first_flexible_version_on(
    version: int, header_bytes: int
) -> None:
    """A null client id in both; one empty tag section more in the flexible one."""
    frame = codec.encode_request(API_VERSIONS, version, 1, None, ApiVersionsRequest())
    header, body = codec.decode_request(frame[4:])
    assert header.client_id is None
    assert body == ApiVersionsRequest()
    assert len(frame) == 4 + header_bytes + (0 if version == 2 else 3)


def test_a_frame_begins_with_its_length() -> None:
    """Encoded frames can be sent as they are."""
    frame = codec.encode_request(PRODUCE, 11, 1, "me", produce(b"records"))
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4


def test_records_are_a_view_of_the_frame() -> None:
    """Uncopied: the view's bytes are the frame's, and it keeps the frame alive."""
    frame = codec.encode_request(PRODUCE, 11, 1, "me", produce(b"records"))[4:]
    _, body = codec.decode_request(frame)
    assert isinstance(body, ProduceRequest)
    records = body.topic_data[0].partition_data[0].records
    assert isinstance(records, memoryview)
    assert records.obj is frame
    assert bytes(records) == b"records"


def test_records_are_written_from_any_buffer() -> None:
    """bytes, bytearray and memoryview give the same frame."""
    frames = {
        codec.encode_request(PRODUCE, 11, 1, None, produce(kind(b"records"))) for kind in (bytes, memoryview)
    }
    assert len(frames) == 1


def test_a_frame_may_be_any_buffer() -> None:
    """A mutable buffer is copied, so that writing to it later changes nothing."""
    buffer = bytearray(codec.encode_request(PRODUCE, 11, 1, None, produce(b"records"))[4:])
    _, body = codec.decode_request(buffer)
    buffer[:] = bytes(len(buffer))
    assert body == produce(b"records")


def test_a_length_beyond_the_frame_is_refused() -> None:
    """Five bytes that claim four billion topics must not cost four billion topics of memory."""
    with pytest.raises(codec.DecodeError, match=r"MetadataRequest\.topics: array longer than the frame"):
        codec.decode_request(HOSTILE_METADATA_V12)


def test_a_frame_of_too_many_elements_is_refused() -> None:
    """The element budget bounds what a large frame of tiny elements can cost."""
    body = (2_000_000).to_bytes(4, "big") + bytes(4_000_000)
    with pytest.raises(codec.DecodeError, match="too many elements"):
        codec.decode_request(b"\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff" + body)


def test_null_where_the_schema_has_no_null_is_refused() -> None:
    """A null topic name in Metadata v1."""
    with pytest.raises(codec.DecodeError, match="null in a non-nullable field"):
        codec.decode_request(b"\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff" + b"\x00\x00\x00\x01" + b"\xff\xff")


def test_tags_must_ascend() -> None:
    """The same unknown tag twice in the header of a flexible request."""
    with pytest.raises(codec.DecodeError, match="tags do not ascend"):
        codec.decode_request(b"\x00\x12\x00\x03\x00\x00\x00\x01\xff\xff" + b"\x02\x05\x00\x05\x00")


def test_unknown_tags_and_trailing_bytes_are_ignored() -> None:
    """As in Kafka: newer clients may send both."""
    header = b"\x00\x12\x00\x03\x00\x00\x00\x01\xff\xff"
    header_tags, names, body_tags = b"\x01\x05\x01x", b"\x02a\x02b", b"\x01\x63\x02yz"
    frame = b"".join((header, header_tags, names, body_tags, b"more"))
    _, body = codec.decode_request(frame)
    assert body == ApiVersionsRequest(client_software_name="a", client_software_version="b")


def test_a_field_that_the_version_lacks_is_refused_when_set() -> None:
    """MetadataRequest v0-3 always create topics; v4 and later can say not to."""
    body = MetadataRequest(topics=[MetadataRequestTopic(name="t")], allow_auto_topic_creation=False)
    with pytest.raises(codec.EncodeError, match="allow_auto_topic_creation"):
        codec.encode_request(METADATA, 1, 1, None, body)


def test_an_ignorable_field_that_the_version_lacks_is_left_out() -> None:
    """FetchRequest.rack_id is ignorable: an old version simply does not say it."""
    frame = codec.encode_request(1, 4, 1, None, FetchRequest(rack_id="r"))
    assert frame == codec.encode_request(1, 4, 1, None, FetchRequest())


@pytest.mark.parametrize(
    "body",
    [
        ProduceRequest(acks=1 << 15),
        ProduceRequest(acks=True, timeout_ms="1"),  # type: ignore[arg-type]
        ProduceRequest(transactional_id="x" * 32_768),
        ProduceRequest(transactional_id="\ud800"),
        ProduceRequest(topic_data=()),  # type: ignore[arg-type]
        ProduceRequest(topic_data=[None]),  # type: ignore[list-item]
        ProduceRequest(topic_data=[TopicProduceData(name=None)]),  # type: ignore[arg-type]
        ApiVersionsRequest(),
        ProduceRequest.__new__(ProduceRequest),
    ],
)
def test_an_unfit_value_is_an_encode_error(body: object) -> None:
    """Out of range, wrong type, too long, not UTF-8, None, the wrong message, unset fields."""
    with pytest.raises(codec.EncodeError):
        codec.encode_request(PRODUCE, 9, 1, None, body)


def test_a_coordinator_key_begins_with_its_record_type() -> None:
    """As Kafka's CoordinatorRecordSerde: the type for a key, the version for a value."""
    key = OffsetCommitKey(group="g", topic="t", partition=3)
    value = OffsetCommitValue(offset=9)
    assert codec.encode_record(key, 0) == b"\x00\x01\x00\x01g\x00\x01t\x00\x00\x00\x03"
    assert codec.encode_record(value, 3)[:2] == b"\x00\x03"
    stored = codec.encode_record(key, 0), codec.encode_record(value, 3)
    assert codec.decode_coordinator_record(*stored, "__consumer_offsets") == (key, value)
    assert codec.decode_record(OffsetCommitKey, stored[0]) == key
    assert codec.decode_record(OffsetCommitValue, stored[1]) == value


def test_a_tombstone_has_a_key_and_no_value() -> None:
    """A deleted offset."""
    key = codec.encode_record(TransactionLogKey(transactional_id="tx"), 0)
    assert codec.decode_coordinator_record(key, None, "__transaction_state") == (
        TransactionLogKey(transactional_id="tx"),
        None,
    )


def test_a_record_of_an_unknown_type_says_so() -> None:
    """A coordinator skips such records, so it must be able to tell them from damage."""
    with pytest.raises(codec.UnknownRecordType) as caught:
        codec.decode_coordinator_key(b"\x03\xe7", "__consumer_offsets")
    assert caught.value.record_type == 999


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x02\x00"])
def test_a_damaged_key_is_a_decode_error(data: bytes) -> None:
    """Too short for its prefix, or for its body."""
    with pytest.raises(codec.DecodeError):
        codec.decode_record(GroupMetadataKey, data)


def test_a_key_of_another_type_is_a_decode_error() -> None:
    """An offset key is not read as a group key."""
    with pytest.raises(codec.DecodeError, match="record type 1"):
        codec.decode_record(GroupMetadataKey, codec.encode_record(OffsetCommitKey(), 0))


def test_a_metadata_record_is_framed_by_three_varints() -> None:
    """Frame version 1, record type, version; then the message."""
    record = TopicRecord(name="t", topic_id=b"0123456789abcdef")
    data = codec.encode_metadata_record(record, 0)
    assert data == b"\x01\x02\x00" + b"\x02t" + b"0123456789abcdef" + b"\x00"
    assert codec.decode_metadata_record(data) == record


def test_tagged_fields_are_written_only_when_they_differ_from_their_default() -> None:
    """A partition change names what changed and nothing else; an empty ISR differs from null."""
    unchanged = codec.encode_metadata_record(PartitionChangeRecord(partition_id=1), 0)
    emptied = codec.encode_metadata_record(PartitionChangeRecord(partition_id=1, isr=[]), 0)
    assert unchanged[-1:] == b"\x00"
    assert emptied[-4:] == b"\x01\x00\x01\x01"
    assert codec.decode_metadata_record(emptied) == PartitionChangeRecord(partition_id=1, isr=[])


@pytest.mark.parametrize(
    "data", [b"", b"\x02\x02\x00", b"\x01", b"\x01\x02\xff\xff\xff\xff\x0f", b"\x01\x02\x00\x02"]
)
def test_a_damaged_metadata_record_is_a_decode_error(data: bytes) -> None:
    """Empty, of another frame version, cut short, of a version nobody has."""
    with pytest.raises(codec.DecodeError):
        codec.decode_metadata_record(data)


def test_unstable_versions_are_decodable_but_not_listed() -> None:
    """InitProducerId v6 is in Kafka's schema and marked unstable."""
    assert codec.schema_versions(22) == (0, 5)
    assert codec.schema_versions(PRODUCE) == (3, 13)
    assert len(codec.schema_api_keys()) == 91
