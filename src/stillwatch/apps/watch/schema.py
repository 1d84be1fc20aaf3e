"""Tables of the state. Everything that a restart needs stands here or in files that are listed here."""

from __future__ import annotations

VERSION = "1"

TABLES = """
CREATE TABLE IF NOT EXISTS fact (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS part (
    number BIGINT NOT NULL, rows BIGINT NOT NULL, first_us BIGINT NOT NULL, last_us BIGINT NOT NULL,
    arrived_us BIGINT NOT NULL, file VARCHAR NOT NULL, sketches VARCHAR, texts VARCHAR
);
CREATE TABLE IF NOT EXISTS seen (hash BIGINT NOT NULL, ts_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS place (part VARCHAR PRIMARY KEY, next BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS file (
    name VARCHAR PRIMARY KEY, size BIGINT NOT NULL, modified_ns BIGINT NOT NULL, problem VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS backlog (name VARCHAR PRIMARY KEY);
CREATE TABLE IF NOT EXISTS aside (reason VARCHAR PRIMARY KEY, rows BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS sample (file VARCHAR, row BIGINT, field VARCHAR, reason VARCHAR, batch BIGINT);
CREATE TABLE IF NOT EXISTS campaign (campaign_id VARCHAR PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS flagged (
    account_id VARCHAR PRIMARY KEY, campaign_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, flagged_at_us BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
    output VARCHAR NOT NULL, number BIGINT NOT NULL, id VARCHAR NOT NULL, body BLOB NOT NULL,
    created_us BIGINT NOT NULL, attempts INTEGER NOT NULL, due_us BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS mark (output VARCHAR PRIMARY KEY, value BIGINT NOT NULL);
"""
"""``fact``: single values. ``part``: committed partitions. ``seen``: ids of exchanges within the watermark, as keyed hashes.
``place``, ``file``, ``backlog``: how far the source is read. ``aside``, ``sample``: what was set aside. ``campaign``,
``flagged``: what stood after the last look. ``outbox``: changes that are not delivered yet. ``mark``: how far a file of
changes is written.
"""
SAMPLES = 1_000
"""Places of records set aside that are kept; the counts are complete."""
