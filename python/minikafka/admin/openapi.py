"""The OpenAPI document, from the table of routes. Checked in as docs/reference/openapi.json, and served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from minikafka import __version__
from minikafka.admin.problem import CODES
from minikafka.admin.reading import Field, fields_of
from minikafka.admin.route import JSON, AnyRoute, Place, Stream, Text
from minikafka.admin.schema import Components, field_schema, schema_of

ERROR: Final = {
    "description": "Why not.",
    "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def document(routes: Iterable[AnyRoute]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    components: Components = {"Error": _error()}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "minikafka admin",
            "version": __version__,
            "description": "A running cluster looked at and steered from any language.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: AnyRoute, components: Components) -> dict[str, Any]:
    takes: Any = route.takes
    fields = fields_of(takes)
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{_camel(route.path)}",
        "summary": route.about,
        "tags": [_subject(route)],
    }
    parameters = [_parameter(field, components) for field in fields if field.where.place is not Place.BODY]
    if parameters:
        operation["parameters"] = parameters
    body = [field for field in fields if field.where.place is Place.BODY]
    if body:
        operation["requestBody"] = _body(body, components)
    answer = {"description": "Done." if route.method != "GET" else "As asked."} | _content(route, components)
    return operation | {"responses": {str(int(route.status)): answer, "default": ERROR}}


def _parameter(field: Field, components: Components) -> dict[str, Any]:
    schema = field_schema(field, components)
    is_header = field.where.place is Place.HEADER
    parameter: dict[str, Any] = {
        "name": "Last-Event-ID" if is_header else field.name,
        "in": field.where.place.value,
        "description": field.where.about,
        "required": field.is_required,
        "schema": schema,
    }
    # A list in a query is one text with commas.
    return parameter | ({"style": "form", "explode": False} if "array" in str(schema) else {})


def _body(fields: list[Field], components: Components) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            field.name: field_schema(field, components) | {"description": field.where.about}
            for field in fields
        },
        "additionalProperties": False,
    }
    required = [field.name for field in fields if field.is_required]
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {JSON: {"schema": schema}}}


def _content(route: AnyRoute, components: Components) -> dict[str, Any]:
    if route.answers in (Text, Stream):
        return {"content": {"text/event-stream" if route.answers is Stream else "text/*": {}}}
    return {"content": {JSON: {"schema": schema_of(route.answers, components)}}}


def _error() -> dict[str, Any]:
    inner = {
        "type": "object",
        "properties": {"code": {"enum": sorted(CODES.values())}, "message": {"type": "string"}},
        "required": ["code", "message"],
    }
    return {"type": "object", "properties": {"error": inner}, "required": ["error"]}


def _subject(route: AnyRoute) -> str:
    words = route.path.strip("/").split("/")
    return words[1] if len(words) > 1 else words[0] or "page"


def _camel(path: str) -> str:
    words = [word.strip("{}") for word in path.removeprefix("/v1").split("/") if word]
    return "".join(part.capitalize() for word in words for part in word.split("_")) or "Page"
