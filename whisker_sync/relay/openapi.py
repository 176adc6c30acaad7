"""
The interface for programs: an OpenAPI 3.1 description of what ``server.py`` does.

The page ``docs/reference/relay-api.md`` is the one that counts. The tests hold a running
relay against this description.
"""

from __future__ import annotations

from typing import Any

from whisker_sync.relay.limits import Limits
from whisker_sync.relay.refusals import STATUS
from whisker_sync.wire.relay import MAX_POSITION, MAX_SNAPSHOT_BLOBS, Code

_REASONS = {
    400: "Not a request as it must be",
    401: "Not signed as it must be, or a stamp that was used already",
    403: "The key is of another mailbox",
    404: "Nothing there",
    408: "The body came too slowly",
    409: "Something else is there by now",
    413: "Too large",
    429: "Too often",
    500: "A mistake of the relay",
    503: "The relay cannot do its work at the moment",
    507: "No room",
}

_POSITION = {"type": "integer", "minimum": 0, "maximum": MAX_POSITION}


def _id(size: int) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^[0-9a-f]{{{2 * size}}}$"}


def _object(**properties: Any) -> dict[str, Any]:
    fields = {"v": {"const": 1}, **properties}
    return {"type": "object", "required": list(fields), "properties": fields}


_JSON = "application/json"
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}

_ERROR = {
    "type": "object",
    "required": ["v", "error"],
    "properties": {
        "v": {"const": 1},
        "error": {
            "type": "object",
            "required": ["code", "sentence"],
            "properties": {
                "code": {"enum": [str(code) for code in Code]},
                "sentence": {"type": "string"},
                "time": {"type": "integer"},
                "limit": {"type": "integer"},
                "number": _POSITION,
                "blob": _id(16),
            },
        },
    },
}


def _json(schema: dict[str, Any], says: str) -> dict[str, Any]:
    return {"description": says, "content": {_JSON: {"schema": schema}}}


def _responses(good: dict[int, Any], codes: tuple[Code, ...]) -> dict[str, Any]:
    statuses = sorted({STATUS[code] for code in codes})
    bad = {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}
    return {str(status): answer for status, answer in (good | bad).items()}


_SIGNED = (
    Code.BAD_REQUEST, Code.NOT_SIGNED, Code.WRONG_MAILBOX, Code.TOO_FAST, Code.FAILED,
    Code.UNAVAILABLE,
)  # fmt: skip
_WITH_BODY = (*_SIGNED, Code.TOO_SLOW, Code.TOO_LARGE)
_PUT = (*_WITH_BODY, Code.DIFFERENT_CONTENT, Code.MAILBOX_FULL)


def _operation(
    name: str,
    says: str,
    good: dict[int, Any],
    codes: tuple[Code, ...],
    *,
    body: dict[str, Any] | None = None,
    query: str | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": says,
        "security": [{"stamp": []}],
        "responses": _responses(good, codes),
    }
    if body:
        # An entry or blob of no bytes is one, too.
        operation["requestBody"] = {"required": body is not _BYTES, "content": body}
    if query:
        operation["parameters"] = [
            {"name": query, "in": "query", "required": True, "schema": _POSITION}
        ]
    return operation


def _path(size: int | None, **operations: Any) -> dict[str, Any]:
    parameters = [{"name": "mailbox", "in": "path", "required": True, "schema": _id(32)}]
    if size:
        parameters.append({"name": "id", "in": "path", "required": True, "schema": _id(size)})
    return {"parameters": parameters, **operations}


def description(limits: Limits) -> dict[str, Any]:
    """The description of a relay with these limits."""
    box = "/v1/mailboxes/{mailbox}"
    placed = _object(incarnation=_id(8), position=_POSITION)
    state = _object(
        incarnation=_id(8),
        first=_POSITION,
        head=_POSITION,
        bytes={"type": "integer", "minimum": 0},
        quota={"type": "integer", "minimum": 0},
        snapshot=_POSITION,
    )
    blobs = {"type": "array", "items": _id(16), "maxItems": MAX_SNAPSHOT_BLOBS, "uniqueItems": True}
    wanted = _object(covers=_POSITION, blobs=blobs, replaces=_POSITION)
    snapshot = _object(incarnation=_id(8), number=_POSITION, covers=_POSITION, blobs=blobs)
    kept = _object(bytes={"type": "integer", "minimum": 0})
    paths = {
        f"{box}": _path(
            None,
            get=_operation(
                "state", "What there is of a mailbox", {200: _json(state, "It")},
                (*_SIGNED, Code.UNKNOWN_MAILBOX),
            ),
        ),
        f"{box}/entries": _path(
            None,
            get=_operation(
                "read", "A page of entries", {200: {"description": "It", "content": _BYTES}},
                (*_SIGNED, Code.UNKNOWN_MAILBOX), query="after",
            ),
            delete=_operation(
                "trim", "Forget entries that the snapshot covers",
                {200: _json(_object(trimmed=_POSITION, first=_POSITION), "Done")},
                (*_SIGNED, Code.UNKNOWN_MAILBOX, Code.NOT_COVERED), query="upto",
            ),
        ),
        f"{box}/entries/{{id}}": _path(
            16,
            put=_operation(
                "append", "Append an entry",
                {200: _json(placed, "It was there"), 201: _json(placed, "It is there now")},
                _PUT, body=_BYTES,
            ),
        ),
        f"{box}/blobs/{{id}}": _path(
            16,
            get=_operation(
                "read_blob", "A blob", {200: {"description": "It", "content": _BYTES}},
                (*_SIGNED, Code.UNKNOWN_BLOB),
            ),
            put=_operation(
                "put_blob", "Keep a blob",
                {200: _json(kept, "It was there"), 201: _json(kept, "It is there now")},
                _PUT, body=_BYTES,
            ),
        ),
        f"{box}/snapshot": _path(
            None,
            get=_operation(
                "read_snapshot", "The snapshot", {200: _json(snapshot, "It")},
                (*_SIGNED, Code.NO_SNAPSHOT),
            ),
            put=_operation(
                "put_snapshot", "Replace the snapshot",
                {201: _json(_object(number=_POSITION, covers=_POSITION), "Done")},
                (*_WITH_BODY, Code.UNKNOWN_MAILBOX, Code.SNAPSHOT_CHANGED),
                body={_JSON: {"schema": wanted}},
            ),
        ),
        "/v1/limits": {"get": _open("limits", _limits())},
        "/healthz": {"get": _open("health", _object(ok={"const": True}), Code.UNAVAILABLE)},
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "A whisker relay",
            "version": "1",
            "description": "Keeps and passes on what it cannot read. An entry or blob has up to "
            f"{limits.envelope} bytes. WebSockets at {box}/wake tell of new entries.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"stamp": {"type": "http", "scheme": "whisker"}},
            "responses": {str(status): _json(_ERROR, says) for status, says in _REASONS.items()},
        },
    }


def _limits() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0}
    return _object(time=number, envelope=number, quota=number, days=number)


def _open(name: str, schema: dict[str, Any], *codes: Code) -> dict[str, Any]:
    responses = _responses({200: _json(schema, "It")}, (*codes, Code.FAILED))
    return {"operationId": name, "summary": name, "security": [], "responses": responses}
