"""What a hunt finds, as values: verdicts, campaigns, near misses, and everything a reader needs to check them.

The report, ``stillwatch explain`` and ``stillwatch campaigns`` render these values and compute nothing themselves.
A run folder keeps them in ``run.json`` beside ``verdicts.parquet`` and ``campaigns.parquet``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from stillwatch.events.model import Reject
from stillwatch.evidence.claims import Claim, Guarantee, Interval


class Kind(StrEnum):
    """The two kinds of campaign."""

    EXTRACTION = "extraction"
    BROKER = "broker"


class Decision(StrEnum):
    """The three possible answers about an account."""

    FLAGGED = "flagged"
    NOT_FLAGGED = "not-flagged"
    NOT_DECIDABLE = "not-decidable"


class Share(msgspec.Struct, frozen=True):
    """A named part of a whole; ``share`` lies between 0 and 1."""

    name: str
    share: float


class Infrastructure(msgspec.Struct, frozen=True):
    """A shared attribute and how many accounts of the campaign use it (``population``: of the whole log)."""

    kind: str
    value: str
    accounts: int
    population: int = 0


class LinkKind(msgspec.Struct, frozen=True):
    """How many accounts of the campaign one kind of link holds together."""

    kind: str
    accounts: int


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """One link between two accounts, with its strongest reason in words.

    ``weight`` is in nats (how much rarer than chance); ``words`` reads, for example,
    "payment token X, used by 9 of 7,275 accounts".
    """

    a: str
    b: str
    kind: str
    weight: float
    words: str


class Bin(msgspec.Struct, frozen=True):
    """Traffic of a campaign in one bin of log time (``start`` to ``start`` + the timeline's step)."""

    start: datetime
    exchanges: int
    extraction: float
    accounts: int


class Slice(msgspec.Struct, frozen=True):
    """Mix of capabilities and elicitations in one bin of log time."""

    start: datetime
    capabilities: tuple[Share, ...] = ()
    elicitation: tuple[Share, ...] = ()


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A raw exchange shown to the analyst. ``text`` is redacted unless the run was told otherwise; None without text."""

    account_id: str
    ts: datetime
    model: str
    input_tokens: int
    output_tokens: int
    capability: str | None = None
    elicitation: str | None = None
    text: str | None = None


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """An honest account near the campaign, and what tells it apart."""

    account_id: str
    exchanges: int
    nearness: float
    apart: str
    text: str | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What an action would stop and whom it would hit; rates are exchanges per hour over the last active day."""

    action: str
    accounts: int
    extraction_stopped: float
    ordinary_hit: float
    words: str


class Alternative(msgspec.Struct, frozen=True):
    """An innocent explanation that was considered, and what speaks against it (or for it)."""

    name: str
    finding: str
    rejected: bool


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A linked set that was reported. Fields down to ``summary`` are the contract's columns.

    ``leaked_before_flag`` is the share of the extraction at or before its account's flag; ``leaking_per_hour`` exchanges.
    """

    campaign_id: str
    previous_ids: tuple[str, ...] = ()
    kind: Kind
    rides_on: str | None = None
    accounts: int
    exchanges: int
    extraction_exchanges: float
    extraction_exchanges_low: float
    extraction_exchanges_high: float
    first_seen: datetime
    last_seen: datetime
    flagged_at: datetime
    active: bool
    capabilities: tuple[Share, ...] = ()
    elicitation: tuple[Share, ...] = ()
    models: tuple[Share, ...] = ()
    infrastructure: tuple[Infrastructure, ...] = ()
    links: tuple[LinkKind, ...] = ()
    evidence: float
    guarantee: str
    alternatives: tuple[str, ...] = ()
    summary: str = ""
    # beyond the contract: what the report and ``explain`` show
    account_ids: tuple[str, ...] = ()
    conversations: Interval | None = None
    tokens: Interval | None = None
    novel_prompts: Interval | None = None
    leaked_before_flag: float = 0.0
    leaking_per_hour: float = 0.0
    claims: tuple[Claim, ...] = ()
    considered: tuple[Alternative, ...] = ()
    edges: tuple[Edge, ...] = ()
    timeline: tuple[Bin, ...] = ()
    slices: tuple[Slice, ...] = ()
    examples: tuple[Example, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    effects: tuple[Effect, ...] = ()
    elicitation_unmeasured: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer about one account: the contract's ``verdicts`` row, and what ``explain`` says beside it."""

    account_id: str
    score: float
    flagged: bool
    kind: Kind | None = None
    decision: Decision
    campaign_id: str | None = None
    flagged_at: datetime | None = None
    exchanges: int
    extraction_exchanges: float
    reasons: tuple[str, ...] = ()
    innocent: str | None = None
    # beyond the contract
    why: str = ""
    nearest_set: str | None = None


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A set that came close to being reported, and what kept it from it."""

    set_id: str
    accounts: int
    exchanges: int
    evidence: float
    needed: float
    links: tuple[LinkKind, ...] = ()
    claims: tuple[Claim, ...] = ()
    innocent: str | None = None
    why_not: str = ""
    account_ids: tuple[str, ...] = ()


class RejectCount(msgspec.Struct, frozen=True):
    """How many records of one file were set aside for one field and reason."""

    file: str
    field: str
    reason: str
    rows: int


class LogSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What was read."""

    exchanges: int
    accounts: int
    parties: int
    first: datetime | None
    last: datetime | None
    with_text: bool
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class HuntResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a hunt found; ``verdicts`` are kept in their own table when a run is written."""

    version: str
    log: LogSummary
    guarantee: Guarantee
    campaigns: tuple[Campaign, ...] = ()
    near: tuple[NearMiss, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    rejected: tuple[RejectCount, ...] = ()
    reject_samples: tuple[Reject, ...] = ()
    settings: dict[str, str] = {}
    seconds: dict[str, float] = {}
