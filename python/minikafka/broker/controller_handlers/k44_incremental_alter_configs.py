"""IncrementalAlterConfigs (API 44), versions 0 to 1: set, delete, append to or subtract from single
settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.broker.controller_handlers.outcomes import code_of, message_of, write_each
from minikafka.broker.request import Request
from minikafka.controller.admin import alter_configs
from minikafka.controller.configs import ConfigChange
from minikafka.controller.image import ConfigResource
from minikafka.errors import Rejected
from minikafka.types import Now
from minikafka.wire.messages.incremental_alter_configs import (
    AlterConfigsResourceResponse,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[IncrementalAlterConfigsRequest], now: Now) -> None:
    """Each resource by itself."""
    resources = request.body.resources
    asked = [
        (
            ConfigResource(resource.resource_type, resource.resource_name),
            [ConfigChange(config.name, config.config_operation, config.value) for config in resource.configs],
        )
        for resource in resources
    ]

    def answer(outcomes: Sequence[Rejected | None]) -> IncrementalAlterConfigsResponse:
        responses = [
            AlterConfigsResourceResponse(
                error_code=code_of(outcome),
                error_message=message_of(outcome),
                resource_type=resource.resource_type,
                resource_name=resource.resource_name,
            )
            for resource, outcome in zip(resources, outcomes, strict=True)
        ]
        return IncrementalAlterConfigsResponse(responses=responses)

    write_each(
        node,
        request,
        len(asked),
        lambda controller, _: alter_configs(controller, asked, validate_only=request.body.validate_only),
        answer,
        now,
    )
