"""The support table against what the codec can do."""

from __future__ import annotations

from minikafka.wire import codec
from minikafka.wire.support import SERVED


def test_c3_produce_is_advertised_from_v0_and_answered_from_v3() -> None:
    """librdkafka switches features off for a broker without Produce v0-2; nobody sends them."""
    assert (SERVED[0].advertised_min, SERVED[0].min, SERVED[0].max) == (0, 3, 13)


def test_c4_every_non_flexible_version_stays() -> None:
    """KafkaJS and aiokafka: JoinGroup from v0, and what else Kafka 4.4 still has."""
    assert SERVED[11].min == 0
    assert SERVED[3].min == 0


def test_only_decodable_stable_versions_are_served() -> None:
    """InitProducerId v6 is unstable."""
    assert SERVED[22].max == 5
    for api_key, served in SERVED.items():
        low, high = codec.schema_versions(api_key)
        assert low <= served.min <= served.max <= high, served
        assert served.advertised_min <= served.min


def test_names_are_kafkas() -> None:
    """Each row's name is that of its request class."""
    for api_key, served in SERVED.items():
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in served.name)
        request = codec.message_class(f"messages.{words[1:]}", f"{served.name}Request")
        assert api_key == request.API_KEY
