"""`KAFKA_LISTENERS` and its kin, as the testcontainers modules of each language set them."""

from __future__ import annotations

import pytest
from minikafka.cli.listeners import Listener, advertised, client_listener, further_listeners, listening
from minikafka.errors import ConfigError
from minikafka.runtime.listener import ListenerSpec

JAVA = {
    "KAFKA_LISTENERS": "PLAINTEXT://:9092,BROKER://:9093,CONTROLLER://:9094",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://localhost:32768,BROKER://1a2b3c:9093",
}
GO = {
    "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9093,BROKER://0.0.0.0:9092,CONTROLLER://0.0.0.0:9094",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_ADVERTISED_LISTENERS": "BROKER://1a2b3c:9092,PLAINTEXT://localhost:32768",
}


@pytest.mark.parametrize(("environment", "port"), [(JAVA, 9092), (GO, 9093)])
def test_clients_come_on_the_plaintext_listener(environment: dict[str, str], port: int) -> None:
    """On every address, and are told the one that the host publishes."""
    assert listening(None, None, environment, default_port=1) == ("0.0.0.0", port)
    assert advertised(None, environment, "0.0.0.0") == ("localhost", 32768)


def test_options_beat_the_environment() -> None:
    """Each by itself; without either it is loopback."""
    assert listening("127.0.0.1", None, JAVA, default_port=1) == ("127.0.0.1", 9092)
    assert listening(None, 0, JAVA, default_port=1) == ("127.0.0.1", 0)
    assert listening(None, None, {}, default_port=9092) == ("127.0.0.1", 9092)
    assert advertised("other:1", JAVA) == ("other", 1)
    assert advertised("other", JAVA) == ("other", None)
    assert advertised(None, {}) is None


def test_every_address_is_not_told_to_clients() -> None:
    """Nobody connects to 0.0.0.0; what a container publishes under its own number is on the host's loopback."""
    assert advertised(None, {}, "0.0.0.0") == ("localhost", None)


def test_names_are_free() -> None:
    """The listener that is for neither brokers nor controllers; a lone one is everybody's."""
    environment = {"KAFKA_LISTENERS": "IN://a:1,OUT://[::1]:2", "KAFKA_INTER_BROKER_LISTENER_NAME": "IN"}
    assert client_listener(environment) == Listener("OUT", "::1", 2)
    assert client_listener(environment | {"KAFKA_LISTENERS": "IN://a:1"}) == Listener("IN", "a", 1)
    assert client_listener({}) is None


@pytest.mark.parametrize("wrong", ["localhost:9092", "PLAINTEXT://localhost", "PLAINTEXT://localhost:port"])
def test_an_entry_that_is_none_is_named(wrong: str) -> None:
    """With its variable."""
    with pytest.raises(ConfigError, match=r"KAFKA_LISTENERS: .* is not NAME://HOST:PORT"):
        client_listener({"KAFKA_LISTENERS": wrong})
    with pytest.raises(ConfigError, match=r"is not HOST\[:PORT\]"):
        advertised("host:port", {})


def test_every_other_advertised_listener_is_a_further_one() -> None:
    """What testcontainers' `withListener` adds, and the brokers' own: not the controllers', nor what nobody is told."""
    environment = JAVA | {
        "KAFKA_LISTENERS": JAVA["KAFKA_LISTENERS"] + ",TC-0://0.0.0.0:19092,SILENT://:1",
        "KAFKA_ADVERTISED_LISTENERS": JAVA["KAFKA_ADVERTISED_LISTENERS"] + ",TC-0://kafka:19092",
    }
    assert further_listeners([], None, environment) == (
        ListenerSpec("BROKER", "0.0.0.0", 9093, ("1a2b3c", 9093)),
        ListenerSpec("TC-0", "0.0.0.0", 19092, ("kafka", 19092)),
    )
    assert further_listeners([], 0, environment) == ()
    assert further_listeners([], None, {}) == ()
    assert further_listeners(["APP://h:1"], None, environment) == (ListenerSpec("APP", "h", 1, ("h", None)),)


def test_an_option_says_where_to_listen_and_what_to_tell() -> None:
    """The ports of broker 1; the next ones have the next."""
    listener = ListenerSpec.parse("APP://0.0.0.0:9094,app.example:32768")
    assert (listener.port_of(3), listener.advertised(3, 9096)) == (9096, ("app.example", 32770))
    chosen = ListenerSpec.parse("APP://[::1]:0,app.example")
    assert (chosen.port_of(3), chosen.advertised(3, 40001)) == (0, ("app.example", 40001))
    with pytest.raises(ConfigError, match="port 65536 is none"):
        ListenerSpec.parse("APP://h:65535").port_of(2)


@pytest.mark.parametrize(
    "wrong", ["h:1", "://h:1", "APP://h", "APP://:1", "APP://h:x", "APP://h:1,", "APP://h:1,h:x", "APP://h:²"]
)
def test_a_listener_that_is_none_is_named(wrong: str) -> None:
    """With the form that one has."""
    with pytest.raises(ConfigError, match=r"is not NAME://HOST:PORT\[,HOST\[:PORT\]\]"):
        ListenerSpec.parse(wrong)
