"""Parts of a made-up campaign: claims, links, traffic over time, examples."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stillwatch.campaigns.model import (
    Bin,
    Edge,
    Example,
    Infrastructure,
    Neighbour,
    Share,
    Slice,
)
from stillwatch.evidence.claims import Claim

if TYPE_CHECKING:
    import random

START = datetime(2026, 10, 5, tzinfo=UTC)
CAPABILITIES = ("reasoning", "coding", "tools and agents", "knowledge", "writing", "translation")
ELICITATIONS = ("answer", "trace coercion", "rubric judging", "trajectory", "self-instruct expansion")
GUARANTEE = "e-value against sets formed by the same linking from separate people; valid at any time of looking"


def make_claim(signal: str = "individuality_content", *, log10_e: float | None = 9.4) -> Claim:
    """One claim about how alike the accounts of a set are."""
    return Claim(
        signal=signal,
        statement="The accounts draw from one common mix of topics: no account keeps a taste of its own.",
        null="separate people, each with interests of their own, linked by chance",
        statistic=0.004,
        reference=0.31,
        p_value=3.0e-4,
        log10_e=log10_e,
        sample=4_812,
        method="intraclass correlation from per-account sums, calibrated on reference sets of this log",
        innocent=("a classroom working through one sheet", "a benchmark run split over several keys"),
    )


def claims() -> tuple[Claim, ...]:
    """Four claims: three with evidence, one for context."""
    return (
        make_claim(),
        Claim(
            signal="conversation_handoff",
            statement="Conversations begun by one account go on under another, 214 times, within seconds.",
            null="conversations stay with the account that began them, but for shared links",
            statistic=214,
            reference=0,
            p_value=1.0e-3,
            log10_e=6.1,
            sample=38,
            method="rarity-weighted count of context hashes passed between accounts",
            innocent=("a shared conversation link", "one owner moving between keys"),
        ),
        Claim(
            signal="duplicate_deficit",
            statement="Almost no prompt is asked twice across the accounts; people repeat each other and themselves.",
            null="prompts repeat as often as in reference sets of the same size",
            statistic=0.002,
            reference=0.118,
            p_value=2.1e-3,
            log10_e=2.2,
            sample=9_640,
            method="repeat rate of masked skeletons",
            innocent=("a data-set annotation job",),
        ),
        Claim(
            signal="round_the_clock",
            statement="Traffic does not rest at night in any single time zone.",
            null="context only",
            statistic=0.97,
            reference=0.55,
            sample=9_640,
            innocent=("any large customer with users on several continents",),
        ),
    )


def edges(ids: tuple[str, ...], rng: random.Random, population: int) -> tuple[Edge, ...]:
    """Links by payment, by handed-over conversations and by client."""
    edges: list[Edge] = []
    for base in range(0, len(ids), 9):
        group = ids[base : base + 9]
        token = f"pay_{rng.randrange(16**6):06x}"
        edges += [
            Edge(
                a=group[0],
                b=other,
                kind="payment",
                weight=6.7,
                words=f"payment token {token}, used by {len(group)} of {population:,} accounts",
            )
            for other in group[1:]
        ]
    for a, b in zip(ids, ids[4:] + ids[:4], strict=True):
        if rng.random() < 0.6:
            words = f"conversation handed over {rng.randint(2, 11)} times"
            edges.append(Edge(a=a, b=b, kind="conversation hand-off", weight=rng.uniform(5, 9), words=words))
    for _ in range(len(ids)):
        a, b = rng.sample(ids, 2)
        words = f"client tuple frozen on both; seen on {rng.randint(30, 70)} accounts"
        edges.append(Edge(a=a, b=b, kind="client tuple", weight=rng.uniform(2, 4), words=words))
    return tuple(edges)


def timeline(
    first: datetime, days: int, accounts: int, rate: float, part: float, rng: random.Random
) -> tuple[Bin, ...]:
    """Traffic in bins of six hours, swinging with the day and growing."""
    bins = []
    for step in range(days * 4):
        swing = 0.75 + 0.25 * math.sin(step / 4 * 2 * math.pi) + rng.uniform(-0.12, 0.12)
        growth = min(1.0, 0.25 + step / (days * 2.2))
        exchanges = max(0, round(accounts * rate / 4 * swing * growth))
        active = min(accounts, exchanges)
        bins.append(
            Bin(first + timedelta(hours=6 * step), exchanges, exchanges * part * rng.uniform(0.92, 1.0), active)
        )
    return tuple(bins)


def slices(first: datetime, days: int, rng: random.Random) -> tuple[Slice, ...]:
    """A mix of capabilities that moves from reasoning to tools, a day a slice."""
    slices = []
    for day in range(days):
        lean = day / max(1, days - 1)
        raw = [0.55 - 0.35 * lean, 0.12 + 0.3 * lean, 0.05 + 0.25 * lean * lean, 0.12, 0.08, 0.08 * (1 - lean)]
        raw = [value * rng.uniform(0.85, 1.15) for value in raw]
        total = sum(raw)
        taken = (0.34, 0.38 - 0.1 * lean, 0.12 + 0.1 * lean, 0.10, 0.06)
        slices.append(
            Slice(
                first + timedelta(days=day),
                tuple(Share(name, value / total) for name, value in zip(CAPABILITIES, raw, strict=True)),
                tuple(Share(name, value) for name, value in zip(ELICITATIONS, taken, strict=True)),
            )
        )
    return tuple(slices)


def examples(ids: tuple[str, ...], first: datetime) -> tuple[Example, ...]:
    """Five raw exchanges, redacted, one without text."""
    texts = (
        "Solve the problem. Think step by step and write ████████ before the answer. Problem: a train of ███ …",
        "Rate both answers from 1 to 10 against the rubric ██████ and give your reasons in full.",
        "You are an expert in ███████. Write three new tasks like these: ███ ███ ███",
        "重写以下推理过程，保留每一步 ████████",
        None,
    )
    return tuple(
        Example(
            account_id=ids[index % len(ids)],
            ts=first + timedelta(days=2, hours=5 * index, minutes=13),
            model="atlas-4-large",
            input_tokens=310 + 41 * index,
            output_tokens=2_980 - 77 * index,
            capability=CAPABILITIES[index % 3],
            elicitation=ELICITATIONS[index % 3],
            text=text,
        )
        for index, text in enumerate(texts)
    )


def neighbours(base: int) -> tuple[Neighbour, ...]:
    """Five honest accounts nearby."""
    words = (
        (
            "same benchmark items, but verified and declared as evaluation",
            "Question: ███████ A) ██ B) ██ C) ██ D) ██ Answer:",
        ),
        ("same client, a taste of its own: one code base, one language", "why does ██████ throw on line ██ when ████"),
        ("same address range (a cloud), no shared payment, rests at night", "summarise the ticket below for ██████"),
        ("same prompts from one sheet, ends with the lesson", "Explain photosynthesis for ███████"),
        ("high volume, one owner on record with three keys", None),
    )
    return tuple(
        Neighbour(
            account_id=f"acct-{base + 31 * index:05d}",
            exchanges=140 + 55 * index,
            nearness=0.71 - 0.06 * index,
            apart=apart,
            text=text,
        )
        for index, (apart, text) in enumerate(words)
    )


def infrastructure(accounts: int) -> tuple[Infrastructure, ...]:
    """Shared attributes, from a card to a client that everybody uses."""
    return (
        Infrastructure("payment", "pay_8c11fe", min(9, accounts), 9),
        Infrastructure("ip", "203.0.113.77", round(accounts * 0.4), round(accounts * 0.42) + 1),
        Infrastructure("ip", "2001:db8:77::/48", round(accounts * 0.25), round(accounts * 0.25)),
        Infrastructure("ip", "198.51.100.14", round(accounts * 0.2), round(accounts * 0.2)),
        Infrastructure("asn", "64511", round(accounts * 0.8), 411),
        Infrastructure("client", "python-sdk/1.44.0|CPython/3.11.4|linux|x86_64", accounts, 63 + accounts),
        Infrastructure("ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1", accounts, 1_902),
        Infrastructure("mail domain", "postbox.example", round(accounts * 0.6), 48),
    )
