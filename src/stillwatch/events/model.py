"""The exchange log as types: one place for the names, types and nullability of the contract.

Every adapter ends in :class:`Exchange`, every reader in tables of :data:`EXCHANGES` and :data:`ACCOUNTS`.
Source: the project's contract ``exchange-log``. Names are final.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec


class Column(NamedTuple):
    """One column of a contract table: its name, DuckDB type, and whether it may be null or missing."""

    name: str
    sql: str
    nullable: bool


EXCHANGES: tuple[Column, ...] = (
    Column("exchange_id", "VARCHAR", False),
    Column("ts", "TIMESTAMPTZ", False),
    Column("account_id", "VARCHAR", False),
    Column("conversation_id", "VARCHAR", True),
    Column("context_in", "VARCHAR", True),
    Column("context_out", "VARCHAR", True),
    Column("client", "VARCHAR", True),
    Column("ip", "VARCHAR", True),
    Column("asn", "BIGINT", True),
    Column("country", "VARCHAR", True),
    Column("user_agent", "VARCHAR", True),
    Column("ja4", "VARCHAR", True),
    Column("model", "VARCHAR", False),
    Column("endpoint", "VARCHAR", False),
    Column("system_prompt", "VARCHAR", True),
    Column("prompt", "VARCHAR", True),
    Column("turn", "INTEGER", False),
    Column("n_tools", "INTEGER", False),
    Column("temperature", "FLOAT", True),
    Column("max_tokens", "INTEGER", True),
    Column("stream", "BOOLEAN", False),
    Column("input_tokens", "INTEGER", False),
    Column("output_tokens", "INTEGER", False),
    Column("response", "VARCHAR", True),
    Column("channel", "VARCHAR", True),
    Column("n_images", "INTEGER", True),
    Column("n_choices", "INTEGER", True),
    Column("reasoning_tokens", "INTEGER", True),
    Column("logprobs", "BOOLEAN", True),
    Column("status", "SMALLINT", False),
)

ACCOUNTS: tuple[Column, ...] = (
    Column("account_id", "VARCHAR", False),
    Column("created_at", "TIMESTAMPTZ", True),
    Column("tier", "VARCHAR", True),
    Column("country", "VARCHAR", True),
    Column("email_domain", "VARCHAR", True),
    Column("payment_fingerprint", "VARCHAR", True),
    Column("signup_ip", "VARCHAR", True),
    Column("verified", "BOOLEAN", True),
    Column("owner_id", "VARCHAR", True),
    Column("organisation_id", "VARCHAR", True),
    Column("institution", "VARCHAR", True),
    Column("jurisdiction", "VARCHAR", True),
    Column("declared_use", "VARCHAR", True),
)

TEXT_COLUMNS: tuple[str, ...] = ("prompt", "system_prompt", "response")
"""Columns that hold text; ``--metadata-only`` reads them as null."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a model and its response, as an adapter hands it over.

    Times are aware and UTC. ``None`` means the source does not say. ``context_in`` and ``context_out`` are
    keyed hashes of the conversation before the last user message and after the response.
    """

    exchange_id: str
    ts: datetime
    account_id: str
    model: str
    endpoint: str
    conversation_id: str | None = None
    context_in: str | None = None
    context_out: str | None = None
    client: str | None = None
    ip: str | None = None
    asn: int | None = None
    country: str | None = None
    user_agent: str | None = None
    ja4: str | None = None
    system_prompt: str | None = None
    prompt: str | None = None
    turn: int = 1
    n_tools: int = 0
    temperature: float | None = None
    max_tokens: int | None = None
    stream: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    response: str | None = None
    channel: str | None = None
    n_images: int | None = None
    n_choices: int | None = None
    reasoning_tokens: int | None = None
    logprobs: bool | None = None
    status: int = 200


class Reject(msgspec.Struct, frozen=True):
    """A record that was set aside: where it stood, which field was wrong, and why. Never holds the record's text."""

    file: str
    row: int
    field: str
    reason: str
