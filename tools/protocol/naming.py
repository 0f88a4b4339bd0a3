"""Where each message goes, and what its classes are called.

One module per API (`produce.py`: request and response), per key and value of a coordinator's record, one for the
metadata log's records, one for control records. A struct keeps Kafka's name; where two messages of one module both
have a struct of that name, each is prefixed with its message's name (`AlterPartitionRequestTopicData`).
"""

from __future__ import annotations

from collections import Counter, defaultdict

from protocol.model import Message, snake_case

SUFFIXES = {
    "request": "Request",
    "response": "Response",
    "coordinator-key": "Key",
    "coordinator-value": "Value",
}


def assign_names(messages: list[Message]) -> dict[str, list[Message]]:
    """Set `module` and every `class_name`; returns the messages of each module, request before response."""
    modules: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        message.module = module_of(message)
        modules[message.module].append(message)
    for module_messages in modules.values():
        module_messages.sort(key=lambda message: (message.kind.endswith(("response", "value")), message.name))
        _assign_classes(module_messages)
    return dict(sorted(modules.items()))


def module_of(message: Message) -> str:
    """The module below `minikafka.wire`, dotted."""
    match message.kind:
        case "request" | "response":
            return "messages." + snake_case(message.name.removesuffix(SUFFIXES[message.kind]))
        case "coordinator-key" | "coordinator-value":
            return "records." + snake_case(message.name.removesuffix(SUFFIXES[message.kind]))
        case "header":
            return "messages.header"
        case "metadata":
            return "records.cluster_metadata"
    return "records.consumer_protocol" if message.name.startswith("ConsumerProtocol") else "records.control"


def _assign_classes(messages: list[Message]) -> None:
    uses = Counter(struct.name for message in messages for struct in message.structs)
    for message in messages:
        for struct in message.structs:
            struct.class_name = struct.name if uses[struct.name] == 1 else message.name + struct.name
    classes = Counter(struct.class_name for message in messages for struct in message.structs)
    clashes = [name for name, count in classes.items() if count > 1]
    if clashes:
        raise ValueError(f"two classes of one name in {messages[0].module}: {clashes}")
