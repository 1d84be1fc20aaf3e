"""The signal catalogue: every signal of a hunt by name, shared by the code, the reports and the documentation.

A signal with ``evidence`` may carry a verdict; the others are context: they help to tell kinds apart or to explain, and
no number of them convicts anybody. ``docs/reference/signals.md`` is held to this catalogue by a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Signal:
    """One signal: what it sees, the columns it needs, its null hypothesis and who innocently shows it."""

    name: str
    sees: str
    columns: tuple[str, ...]
    null: str
    innocent: tuple[str, ...]
    evidence: bool = True


PEOPLE = "separate people, each with a mean of their own, as far apart as the people of this log"
_ALL = (
    Signal(
        "individuality-text",
        "content and typing style together do not differ between the accounts of a set as people's do",
        ("prompt", "turn"),
        PEOPLE,
        ("a classroom with one assignment", "one application under several keys", "an evaluation split over keys"),
    ),
    Signal(
        "individuality-style",
        "the way of typing does not differ between the accounts of a set",
        ("prompt", "turn"),
        PEOPLE,
        ("one application under several keys", "prompts written by one client program"),
    ),
    Signal(
        "individuality-content",
        "the subjects do not differ between the accounts of a set",
        ("prompt", "turn"),
        PEOPLE,
        ("a team on one subject", "a classroom with one assignment"),
        evidence=False,
    ),
    Signal(
        "individuality-rhythm",
        "the hours of the day do not differ between the accounts, and the set as a whole has no night",
        ("ts",),
        PEOPLE,
        ("services that work round the clock for one owner",),
    ),
    Signal(
        "conversation-handoff",
        "conversations begun by one account are continued by another",
        ("context_in", "context_out"),
        "members continue other parties' conversations at the rate of the whole log",
        ("a shared conversation link", "a team that works in one conversation"),
    ),
    Signal(
        "shared-payment",
        "a payment instrument used by few parties of the log",
        ("payment_fingerprint",),
        "strangers share it as often as strangers of this log do",
        ("a family or small firm with one card", "a reseller of record"),
    ),
    Signal(
        "shared-address",
        "addresses used by few parties of the log, more of them than coincidence leaves",
        ("ip", "signup_ip"),
        "strangers share addresses as often as strangers of this log do",
        ("a household, cafe or carrier's shared address", "one exit of a privacy service"),
    ),
    Signal(
        "corpus-resemblance",
        "openings come from the set's corpus rather than from ordinary traffic",
        ("prompt",),
        "a stranger's openings, around the mean of the log",
        ("interest in the same subjects", "popular prompts"),
        evidence=False,
    ),
    Signal(
        "same-setup",
        "client product, tools, streaming, endpoint and channel as in the set",
        ("client", "n_tools", "stream", "endpoint", "channel"),
        "context only",
        ("everybody who uses the same software",),
        evidence=False,
    ),
    Signal(
        "duplicate-deficit",
        "texts repeat across accounts less often than a shared assignment makes them",
        ("prompt",),
        "a shared assignment: two openings of different accounts are equal once in a thousand pairs or more",
        ("unrelated people",),
        evidence=False,
    ),
    Signal(
        "ordinary-share",
        "how much of the set's traffic could be ordinary people's use",
        ("prompt", "turn"),
        "context only: tells a resold pool from a harvest, and is taken out of the counts",
        ("any group of people",),
        evidence=False,
    ),
    Signal(
        "frozen-client",
        "nearly all accounts show one client fingerprint, unchanged",
        ("client", "ja4"),
        "context only",
        ("a fleet that one firm manages",),
        evidence=False,
    ),
    Signal(
        "cool-down-gaps",
        "silences after a refused request that end near 300, 600 or 1800 seconds",
        ("ts", "status"),
        "context only",
        ("clients with the same retry settings",),
        evidence=False,
    ),
    Signal(
        "persona-multiplicity",
        "many conversations at a time and many kinds of subject behind one account",
        ("conversation_id", "ts"),
        "context only",
        ("an application with many users", "agents in parallel"),
        evidence=False,
    ),
    Signal(
        "signup-burst",
        "accounts of the set were created within days of each other",
        ("created_at",),
        "context only",
        ("a hackathon, a course, a promotion",),
        evidence=False,
    ),
    Signal(
        "release-pivot",
        "traffic moved to a new model within a day of its first appearance",
        ("model",),
        "context only: evaluators do the same",
        ("leaderboards and evaluators", "routers with a default model"),
        evidence=False,
    ),
    Signal(
        "round-the-clock",
        "no quiet hours",
        ("ts",),
        "context only: large honest customers have none either",
        ("a service with users everywhere", "batch work"),
        evidence=False,
    ),
    Signal(
        "co-silence",
        "the whole set falls silent in the same hours",
        ("ts",),
        "context only",
        ("an outage", "an office's weekend"),
        evidence=False,
    ),
    Signal(
        "coverage-novelty",
        "the set keeps asking new things of many kinds",
        ("prompt",),
        "context only",
        ("an evaluation", "any large application"),
        evidence=False,
    ),
    Signal(
        "rare-skeleton",
        "a prompt template seen in few parties of the log",
        ("prompt",),
        "context only",
        ("a starter kit", "one vendor's library"),
        evidence=False,
    ),
    Signal(
        "known-indicator",
        "an address, payment token, client or skeleton that another party or an analyst has reported",
        ("ip", "payment_fingerprint", "client", "prompt"),
        "context only: reports can be wrong or poisoned",
        ("the next tenant of an address",),
        evidence=False,
    ),
)
CATALOGUE: MappingProxyType[str, Signal] = MappingProxyType({signal.name: signal for signal in _ALL})
"""Signals by name."""
