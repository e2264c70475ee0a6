"""How the document about the REST API is written: outside any organisation, with what holds for every operation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.generators import SchemaGenerator

from lxp.tenancy import scope

NOBODY = 0
"""The id of no organisation."""

PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do."},
        "errors": {"type": "object", "description": "By field, with 422.", "additionalProperties": True},
    },
    "required": ["title", "status"],
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 120},
    "description": "Sent again with the same key, a request that succeeded is answered again, and not done again.",
}


class Generator(SchemaGenerator):
    """Writes the document outside any organisation: managers are asked for types, and find no rows."""

    def parse(self, input_request: Any, public: bool) -> Any:
        with scope(NOBODY):
            return super().parse(input_request, public)


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to the document what holds for every operation: how errors look, and the key that makes a POST repeatable."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            operation["responses"]["default"] = {"description": "It was refused or failed.", "content": content}
            if method == "post":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    return result
