"""Scenarios: who sends what in a made-up world, as values read from a file that anyone can edit.

A scenario is a list of groups of accounts: ordinary people, look-alikes, attackers. Every group has the same parts: how
many accounts and exchanges (at full size), what they say (``text``), in what rhythm (``tempo``), over which
infrastructure, and what is on record about them (``record``). ``docs/reference/scenarios.md`` lists every field.

Figures are those of the full size; a run scales accounts and exchanges alike, so that the rate of an account stays.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Range = tuple[float, float]

CAPABILITIES: tuple[str, ...] = (
    "reasoning",
    "coding",
    "agentic",
    "tools",
    "knowledge",
    "exam",
    "writing",
    "data",
    "vision",
    "safety",
    "translation",
    "conversation",
)
"""Names that ``text.capabilities`` may weigh: which prompts a group draws on."""

ELICITATIONS: tuple[str, ...] = (
    "plain",
    "rationale",
    "rubric",
    "pairwise",
    "safe-rewrite",
    "trace-reconstruction",
    "trace-coercion",
    "trajectory",
    "code-data",
    "self-instruct",
    "boundary-probe",
    "pinned",
)
"""Names that ``text.elicitation`` may weigh: what is asked around a task. ``pinned`` fixes the language of the answer."""

LANGUAGES: tuple[str, ...] = ("en", "zh", "es", "fr", "de", "pt", "it", "nl", "ru", "ja", "ko", "tr", "pl", "id")
"""Languages that ``text.languages`` may weigh."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of a scenario file: unknown keys are errors."""


class Role(StrEnum):
    """What a group is in truth."""

    BENIGN = "benign"
    EXTRACTION = "extraction"
    BROKER = "broker"


class Voice(StrEnum):
    """How the first messages of conversations come about."""

    PERSONAL = "personal"
    """Each account has interests, a way of typing and a life of its own."""
    CORPUS = "corpus"
    """The group has one corpus of tasks, dealt over its accounts."""
    TEMPLATE = "template"
    """Each account (or owner) has one template, filled with ever new records: a product, a batch job, a translator."""
    ASSIGNMENT = "assignment"
    """Few tasks that everybody words for themselves: a classroom, a hackathon, a load test."""
    BENCHMARK = "benchmark"
    """The fixed items of public benchmarks, each up to ``samples`` times."""


class Deal(StrEnum):
    """How a corpus is dealt over accounts."""

    ROUND_ROBIN = "round-robin"
    TOPIC = "topic"
    """Sharded: each account gets tasks of one subject."""
    STICKY = "sticky"
    """An account keeps the dealer's session for an hour or so, then another goes on."""


class Hours(StrEnum):
    """When accounts are active."""

    DIURNAL = "diurnal"
    """A person's day in a time zone of the account's own."""
    FLAT = "flat"
    """Round the clock."""
    TRACE = "trace"
    """The arrivals of a real business client, one per account."""
    OFFICE = "office"
    """Working days of one time zone for the whole group."""
    BURST = "burst"
    """All within ``burst_hours`` of the group's start."""
    NIGHT = "night"
    """A scheduled job at one hour of the day."""


class Network(StrEnum):
    """Where addresses come from."""

    RESIDENTIAL = "residential"
    CLOUD = "cloud"
    VPN = "vpn"
    CAMPUS = "campus"
    OFFICE = "office"


class Filler(_Part, frozen=True, kw_only=True):
    """Ordinary traffic mixed into an attacker's accounts.

    ``share`` of the conversations; ``voice`` ``personal`` (each account its own interests) or ``corpus`` (dealt too).
    """

    share: Share = 0.0
    voice: Voice = Voice.PERSONAL


class Text(_Part, frozen=True, kw_only=True):
    """What a group says. ``capabilities`` and ``elicitation`` are weights of a mixture; they need not add up to 1.

    ``tasks``: distinct tasks at full size (0: as many as needed, each sent once). ``paraphrase``: share of the messages
    worded anew. ``prefix``: a system prompt shared with everybody who uses the same popular software.
    """

    voice: Voice = Voice.PERSONAL
    deal: Deal = Deal.ROUND_ROBIN
    capabilities: dict[str, Positive] = {}
    elicitation: dict[str, Positive] = {}
    languages: dict[str, Positive] = msgspec.field(default_factory=lambda: {"en": 1.0})
    tasks: Annotated[int, Meta(ge=0)] = 0
    templates: Count = 1
    samples: Count = 1
    paraphrase: Share = 0.0
    filler: Filler = Filler()
    prefix: str | None = None
    speakers: Count = 1
    """People who speak through one account, each with a voice of their own: the customers of a relay or an aggregator."""
    turns: Annotated[float, Meta(ge=1)] = 1.4
    most_turns: Count = 40
    handoff: Share = 0.0
    """Share of continued exchanges that another account of the group sends."""


class Pivot(_Part, frozen=True, kw_only=True):
    """A new model appears; ``share`` of the traffic moves to it within ``hours``. ``day`` counts from the log's start."""

    model: str
    day: Annotated[float, Meta(ge=0)]
    share: Share = 0.5
    hours: Positive = 24.0


class Tempo(_Part, frozen=True, kw_only=True):
    """Rhythm. ``synchronised``: accounts act in the same minutes. ``jitter_s``: spread of the gaps of a machine."""

    hours: Hours = Hours.DIURNAL
    burst_hours: Positive = 2.0
    synchronised: bool = False
    jitter_s: Annotated[float, Meta(ge=0)] = 30.0
    start_day: Annotated[float, Meta(ge=0)] = 0.0
    active_days: Positive | None = None
    volume_spread: Annotated[float, Meta(ge=0)] = 0.9
    """Standard deviation of the logarithm of an account's volume."""
    lifetime_days: Positive | None = None
    """Mean life of an account before it is banned or given up; a replacement comes within ``replaced_within``."""
    replaced_within: Range = (1.0, 24.0)


class Infrastructure(_Part, frozen=True, kw_only=True):
    """What accounts share. Each ``*_reuse`` is the share of accounts that draw on the group's common pool.

    ``addresses``: size of the common pool per 100 accounts; ``per_account``: addresses that an account uses in a day.
    ``payment``: accounts per payment instrument (1: each its own; 0: none on record).
    """

    network: dict[Network, Positive] = msgspec.field(default_factory=lambda: {Network.RESIDENTIAL: 1.0})
    address_reuse: Share = 0.0
    addresses: Positive = 20.0
    per_account: Positive = 1.5
    rotate_hours: Positive = 72.0
    payment: Annotated[float, Meta(ge=0)] = 1.0
    payment_reuse: Share = 1.0
    promo: bool = False
    """The common instruments are promotion codes, as at a hackathon."""
    clients: Count | None = None
    """Distinct client programs in the group; none: each account its own, as popular as in the world."""
    ipv6: Share = 0.2
    common_with: str | None = None
    """Another group of this scenario whose address pool this group uses (a relay's customers, a rider)."""


class Record(_Part, frozen=True, kw_only=True):
    """What the provider knows of the accounts. ``signup_hours``: all signed up within; none: over the last year."""

    tiers: dict[str, Positive] = msgspec.field(default_factory=lambda: {"free": 0.5, "plus": 0.2, "payg": 0.3})
    verified: Share = 0.1
    declared_use: str | None = None
    institution: str | None = None
    email: str | None = None
    """One mail domain for all; none: each as in the world."""
    owners: Annotated[float, Meta(ge=0)] = 0.0
    """Accounts per owner on record; 0: none recorded."""
    organisations: Annotated[float, Meta(ge=0)] = 0.0
    signup_hours: Positive | None = None
    countries: dict[str, Positive] = {}
    channels: dict[str, Positive] = msgspec.field(default_factory=lambda: {"api": 0.4, "app": 0.6})
    endpoint: str = "chat"


class Size(_Part, frozen=True, kw_only=True):
    """How large requests are: medians of input and output tokens, tools, and what the interface shows."""

    input_tokens: Positive = 120.0
    output_tokens: Positive = 250.0
    tools: Annotated[int, Meta(ge=0)] = 0
    images: Share = 0.0
    choices: Count = 1
    logprobs: Share = 0.0
    reasoning: Share = 0.0
    batch: Share = 0.0


class Group(_Part, frozen=True, kw_only=True):
    """One group of accounts. ``campaign`` names the campaign in the truth; it is set where ``role`` is not benign.

    ``least``: accounts below which scaling does not go. ``label``: name of the class in the truth (``B11``, ``person``).
    """

    name: Annotated[str, Meta(min_length=1)]
    label: str
    role: Role = Role.BENIGN
    campaign: str | None = None
    accounts: Count
    exchanges: Count
    """Of the whole group at full size over its active days."""
    least: Count = 1
    providers: Count = 1
    text: Text = Text()
    tempo: Tempo = Tempo()
    infrastructure: Infrastructure = Infrastructure()
    record: Record = Record()
    size: Size = Size()
    models: dict[str, Positive] = msgspec.field(default_factory=lambda: {"atlas-large": 0.5, "atlas-small": 0.5})
    pivot: Pivot | None = None
    rider: str | None = None
    """A broker pool (another group) through whose accounts this group's exchanges go, instead of accounts of its own;
    ``accounts`` is then the number of the pool's accounts that it goes through."""
    rider_share: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    """Share of the pool's traffic that the rider's exchanges make up; it takes precedence over ``exchanges``."""
    responses: bool = False


class Scenario(_Part, frozen=True, kw_only=True):
    """A world. ``include``: names of shipped look-alikes to add with their own sizes; ``people`` ordinary accounts."""

    name: Annotated[str, Meta(min_length=1)]
    title: str
    anchor: str = ""
    days: Count
    start: str = "2026-10-01"
    people: Annotated[int, Meta(ge=0)] = 100_000
    people_per_day: Positive = 4.0
    include: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    expected_miss: bool = False
    query_budget: str = ""
    data_budget: str = ""
    interface: str = ""
