"""AlterConfigs (API 33), versions 0 to 2: the given settings become the resource's only ones.

Deprecated since IncrementalAlterConfigs (KIP-339), because two admins overwrite one another with it; older
clients still send it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of, message_of, write_each
from minikafka.broker.request import Request
from minikafka.controller.admin import replace_configs
from minikafka.controller.image import ConfigResource
from minikafka.errors import Rejected
from minikafka.types import Now
from minikafka.wire.messages.alter_configs import (
    AlterConfigsRequest,
    AlterConfigsResourceResponse,
    AlterConfigsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[AlterConfigsRequest], now: Now) -> None:
    """Each resource by itself."""
    resources = request.body.resources
    asked = [
        (
            ConfigResource(resource.resource_type, resource.resource_name),
            [(config.name, config.value) for config in resource.configs],
        )
        for resource in resources
    ]

    def answer(outcomes: Sequence[Rejected | None]) -> AlterConfigsResponse:
        responses = [
            AlterConfigsResourceResponse(
                error_code=code_of(outcome),
                error_message=message_of(outcome),
                resource_type=resource.resource_type,
                resource_name=resource.resource_name,
            )
            for resource, outcome in zip(resources, outcomes, strict=True)
        ]
        return AlterConfigsResponse(responses=responses)

    write_each(
        node,
        request,
        len(asked),
        lambda controller, _: replace_configs(controller, asked, validate_only=request.body.validate_only),
        answer,
        now,
    )
