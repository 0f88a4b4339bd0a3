"""Where settings come from, and which wins: `-c`, environment, file, profile, Kafka's default.

Each source is a `Layer` of dotted names. An unknown name in a layer is an error that names the nearest known
one, except in the environment, where `KAFKA_*` names of other programs are met and only listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Final

from minikafka.config.broker_settings import BROKER_SETTINGS, BrokerSettings, synonym_settings
from minikafka.config.known import known_broker_settings
from minikafka.config.profiles import profile_values
from minikafka.config.setting import ConfigValue, Setting, SettingValue
from minikafka.config.topic_settings import SYNONYMS, TOPIC_SETTINGS
from minikafka.errors import ConfigError

ENVIRONMENT_PREFIX: Final = "KAFKA_"


@dataclass(frozen=True, slots=True)
class Layer:
    """One source. `source` is what `minikafka config` prints; a lenient layer may hold unknown names."""

    source: str
    values: Mapping[str, ConfigValue]
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Provenance:
    """One setting in force: its typed value, the source it came from, and whether it has an effect."""

    setting: Setting
    value: SettingValue
    source: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The outcome of `resolve`.

    given: dotted name -> provenance, for every setting some layer or the profile gave.
    unimplemented: given names that Kafka knows and this broker ignores; to be warned about once.
    ignored: names of lenient layers that map to no setting.
    """

    broker: BrokerSettings
    given: Mapping[str, Provenance]
    unimplemented: tuple[str, ...]
    ignored: tuple[str, ...]

    @property
    def static_values(self) -> dict[str, ConfigValue]:
        """The given settings as text, by dotted name."""
        texts = {name: origin.setting.render(origin.value) for name, origin in self.given.items()}
        return {name: text for name, text in texts.items() if text is not None}


def resolve(
    layers: Sequence[Layer] = (),
    *,
    profile: str = "fast",
    brokers: int = 1,
    separate_processes: bool = False,
) -> Resolved:
    """The settings in force from layers given strongest first.

    Raises ConfigError: unknown name, wrong type, value out of range, unknown profile.
    """
    chosen = profile_values(profile, brokers, separate_processes=separate_processes)
    merged: dict[str, tuple[ConfigValue, str]] = {
        name: (chosen[name], f"profile {profile}") for name in chosen
    }
    ignored: list[str] = []
    for layer in reversed(layers):
        for name, value in layer.values.items():
            if name in broker_settings_table():
                merged[name] = (value, layer.source)
            elif layer.lenient:
                ignored.append(name)
            else:
                raise unknown_setting(name)
    given = {name: _provenance(name, *merged[name]) for name in sorted(merged)}
    settings = BrokerSettings(profile=profile).with_overrides(
        {name: value for name, (value, _) in merged.items()}
    )
    unimplemented = tuple(
        name
        for name, origin in given.items()
        if not origin.setting.supported and origin.source[:7] != "profile"
    )
    return Resolved(settings, MappingProxyType(given), unimplemented, tuple(sorted(ignored)))


def _provenance(name: str, value: ConfigValue, source: str) -> Provenance:
    setting = broker_settings_table()[name]
    return Provenance(setting, setting.parse(value), source)


@cache
def broker_settings_table() -> Mapping[str, Setting]:
    """Every setting a broker may be given, by dotted name: honoured, topic default, or merely known."""
    return MappingProxyType(dict(known_broker_settings()) | synonym_settings() | dict(BROKER_SETTINGS))


def unknown_setting(name: str) -> ConfigError:
    """The error for a name nobody knows, with the nearest name that is known."""
    if name in TOPIC_SETTINGS:
        nearest = [broker_name for broker_name, _ in SYNONYMS.get(name, ())][:1]
        kind = "is a setting of topics"
    else:
        nearest = get_close_matches(name, broker_settings_table(), n=1)
        kind = "is unknown"
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return ConfigError(f"setting {name!r} {kind}{hint}")


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """The `KAFKA_*` variables as dotted names, by the Apache image's rule: `___` is `-`, `__` is `_`, `_` is
    `.`.

    `KAFKA_OPTS`, `KAFKA_HEAP_OPTS` and the like are variables of the Java tools, never settings.
    """
    values: dict[str, ConfigValue] = {}
    for variable in sorted(environment):
        if variable.startswith(ENVIRONMENT_PREFIX):
            values[setting_name_of(variable)] = environment[variable]
    return Layer("environment", values, lenient=True)


def setting_name_of(variable: str) -> str:
    """`KAFKA_LOG_SEGMENT_BYTES` -> `log.segment.bytes`."""
    name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
    return name.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")


def properties_layer(source: str, text: str) -> Layer:
    """A `server.properties` file: `name=value` or `name: value`, comments by `#` or `!`, backslash continues.

    Raises ConfigError for a line that is none of these.
    """
    values: dict[str, ConfigValue] = {}
    for line in _logical_lines(text):
        ends = [position for position in (line.find("="), line.find(":")) if position > 0]
        if not ends:
            raise ConfigError(f"{source}: no '=' in line {line!r}")
        values[line[: min(ends)].strip()] = line[min(ends) + 1 :].strip()
    return Layer(source, values)


def _logical_lines(text: str) -> list[str]:
    lines: list[str] = []
    carried = ""
    for raw in text.splitlines():
        line = raw.strip() if not carried else carried + raw.strip()
        carried = ""
        if not line or line[0] in "#!":
            continue
        if line.endswith("\\"):
            carried = line[:-1]
            continue
        lines.append(line)
    return [*lines, carried] if carried else lines
