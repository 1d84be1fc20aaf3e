"""What loggers put around a request and its response: identity, time, account, headers, address.

There is no standard for it, so the names that gateways and middlewares write are tried in a fixed order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from stillwatch.events.adapters.fields import Fields
from stillwatch.events.adapters.protocol import (
    AdapterContext,
    Record,
    account_of,
    client_of,
    header,
    made_id,
    moment_of,
)

if TYPE_CHECKING:
    from datetime import datetime

_TIMES = ("ts", "timestamp", "time", "received_at", "request_time", "start_time", "created_at", "created")
RESPONSES = ("response", "response_body", "response_chunks")
"""What loggers call the response; the last one where they keep a stream's chunks."""
_ACCOUNTS = (
    "account_id",
    "account",
    "organization_id",
    "organization",
    "org_id",
    "workspace_id",
    "project_id",
    "project",
    "api_key_hash",
    "api_key_id",
    "api_key",
    "user_id",
    "user",
)


class Envelope(NamedTuple):
    """Where a request came from, as far as the logger wrote it."""

    ip: str | None
    user_agent: str | None
    client: str | None
    ja4: str | None
    country: str | None


def envelope(row: Fields) -> Envelope:
    """Address, user agent, client fingerprint, TLS fingerprint and country beside a pair."""
    headers: Mapping[str, object] = row.child("request_headers", "headers").values
    return Envelope(
        ip=row.text("ip", "client_ip", "ip_address", "remote_addr", "source_ip") or header(headers, "x-forwarded-for"),
        user_agent=row.text("user_agent", "user-agent") or header(headers, "user-agent"),
        client=client_of(headers),
        ja4=row.text("ja4", "tls_ja4"),
        country=row.text("country"),
    )


def pair_id(record: Record, row: Fields, answered: Fields, context: AdapterContext) -> str:
    """The logger's id of the request, or the response's, or one made from the record."""
    return row.ident("id", "request_id", "x_request_id") or answered.ident("id") or made_id(record, context.hash_key)


def pair_time(row: Fields, answered: Fields, context: AdapterContext) -> datetime:
    """When the request arrived; else when the response was made, to the second."""
    moment = row.instant(*_TIMES) or answered.instant("created", "created_at")
    return moment if moment is not None else moment_of(row, context, "ts")


def account_of_pair(record: Record, row: Fields, asked: Fields, context: AdapterContext) -> str:
    """The account beside the pair; else the end user that the request names (``safety_identifier``, ``user``)."""
    named = row.has(*_ACCOUNTS)
    if not named:
        metadata = asked.values.get("metadata")
        inner = Fields(metadata, f"{asked.prefix}metadata.") if isinstance(metadata, Mapping) else Fields({})
        found = asked.ident("safety_identifier", "user") or inner.ident("user_id")
        if found is not None:
            return account_of(record, Fields({"account": found}), context, "account")
    return account_of(record, row, context, *_ACCOUNTS)
