"""A hunt over a log that lies on an engine: sums for the looks, and rows of the suspects alone for the description.

    >>> from stillwatch.campaigns.engine_hunt import hunt_on
    >>> from stillwatch.events.engines.spark import SparkEngine
    >>> with SparkEngine("local[2]") as engine:                         # doctest: +SKIP
    ...     found = hunt_on(engine, "log/", accounts, Settings())

Same looks, same campaigns and same flags as :func:`stillwatch.campaigns.service.hunt` over the log in memory. What comes to
the driver: one row per account, the openings that count (64 a party at most) with their sketches, what was first shown, activity
by the hour, the distinct texts of openings as numbers; and, when something was found, the rows of the suspects, of those
they handed conversations to, and of a sample of other parties (:data:`SAMPLE`), whose figures then stand for everybody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.campaigns.context import EVERYBODY
from stillwatch.campaigns.evidence_shown import nearest
from stillwatch.campaigns.fetched import fetched, sampled
from stillwatch.campaigns.hunt_tables import HuntTables, tables
from stillwatch.campaigns.innocent import Asked, Facts, Items
from stillwatch.campaigns.links import Incidence, LinkKind
from stillwatch.campaigns.looks import Outcome
from stillwatch.campaigns.service import Basis, Clock, Hunted, Progress, Rows, Settings, answered, parties_of
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.cells import CellCounts, Cells
from stillwatch.detect.core.hunting import opening_sizes, rows_of_accounts, texts_of_both
from stillwatch.detect.core.rows import MARKED, WANTED
from stillwatch.detect.engine_texts import EngineTexts, Sketches
from stillwatch.detect.families import Gathering, vectors
from stillwatch.detect.log import Bools, Codes, Log
from stillwatch.detect.sketch import StaticEmbedding
from stillwatch.events.engines.protocol import Engine, Loaded

SAMPLE = 2_000
"""Parties whose exchanges stand for everybody else's in the figures beside a campaign's."""
SAMPLE_EXCHANGES = 500_000
"""Exchanges that they may have together."""


@dataclass(frozen=True)
class EngineHunt:
    """What a hunt on an engine found, the log in figures, and what was read and set aside."""

    hunted: Hunted
    traffic: Traffic
    loaded: Loaded


def hunt_on(
    engine: Engine,
    source: str | Path,
    accounts: pa.Table | None,
    settings: Settings,
    *,
    until: datetime | None = None,
    metadata_only: bool = False,
    progress: Progress | None = None,
) -> EngineHunt:
    """Find the campaigns of a log.

    Args:
        engine: Where the log is read and summed.
        source: A log of the contract.
        accounts: The accounts on record, or None.
        settings: As for a hunt in memory.
        until: The last time to read.
        metadata_only: Read no text.
        progress: Is told (stage, done, all).

    Raises:
        InputError: the log cannot be read.
    """
    tell = progress or (lambda _stage, _done, _all: None)
    clock = Clock()
    tell("read", 0, 1)
    found = tables(engine, source, accounts, until=until, metadata_only=metadata_only)
    tell("read", 1, 1)
    clock.stage("read")
    tell("sketch", 0, 1)
    opened = _Opened.of(engine, found)
    basis = _basis(found, opened, settings)
    tell("sketch", 1, 1)
    clock.stage("sketch")
    outcome = basis.looker(settings).walk(lambda done, all_: tell("looks", done, all_))
    clock.stage("looks")

    def rows_of(suspects: Bools) -> Rows:
        return _fetch(engine, found, opened, basis, outcome, suspects)

    hunted = answered(basis, outcome, settings, tell, clock, rows_of)
    return EngineHunt(hunted, basis.traffic, found.loaded)


@dataclass(frozen=True)
class _Opened:
    """The openings that count as a log of their own, in order of time, and all texts that openings have.

    ``texts``: the texts' keys by code; ``asked``: who sent which text first when.
    """

    log: Log
    texts: EngineTexts
    asked: Asked

    @classmethod
    def of(cls, engine: Engine, found: HuntTables) -> _Opened:
        keys, code = np.zeros(0, np.int64), np.zeros(0, np.int64)
        nothing = np.zeros(0, np.int64)
        asked = Asked(nothing, nothing, nothing)
        if found.texts is not None:
            keys, code = np.unique(found.texts.text, return_inverse=True)
            asked = Asked(found.texts.party, code, found.texts.since)
        texts = Sketches(engine).of(keys)
        sizes = None if found.with_text else engine.run(opening_sizes())
        return cls(fetched(found, texts, sizes=sizes).log, texts, asked)


def _basis(found: HuntTables, opened: _Opened, settings: Settings) -> Basis:
    """All that the looks read."""
    log = opened.log
    rows = np.arange(len(log))
    vectors_of = vectors(log, rows)
    codebook = Cells.fit(log, rows, vectors_of)
    traffic = Traffic.summed(found)
    items = Items.among_texts(log.texts if log.with_text else None, len(log.prompt))
    facts = Facts.of(log, opened.asked, Asked.of(log, rows), items, traffic.first_seen)
    return Basis(
        traffic=traffic,
        gathering=Gathering.start(log, rows, vectors_of),
        codebook=codebook,
        counts=CellCounts.start(log, rows, codebook.of(log, rows, vectors_of), codebook.needs),
        facts=facts.with_legitimate(parties_of(found.accounts, settings.legitimate)),
        kinds=incidences_of(found),
        embedding=StaticEmbedding.load(),
    )


def incidences_of(found: HuntTables) -> dict[LinkKind, Incidence]:
    """What was shown first when, as links read it."""
    return {
        kind: Incidence(
            kind,
            shown.party,
            shown.value,
            shown.since,
            None if shown.names is None else Codes(np.zeros(0, np.int64), shown.names),
        )
        for kind, shown in found.shown.items()
    }


def _fetch(engine: Engine, found: HuntTables, opened: _Opened, basis: Basis, outcome: Outcome, suspects: Bools) -> Rows:
    """The rows that a description is made from: suspects', of those beside them, and of a sample; and all openings that count."""
    traffic = basis.traffic
    beside = np.zeros(traffic.parties, bool)
    rows, models, elsewhere = None, None, np.zeros(0, np.int64)
    if outcome.campaigns:
        beside[sampled(found, suspects, SAMPLE, SAMPLE_EXCHANGES)] = True
        wanted = suspects | beside | _touched(basis, outcome, suspects)
        engine.put(WANTED, pa.table({"account": found.account_key[wanted[found.accounts.party]]}))
        rows = engine.run(rows_of_accounts(), by_account=True)
        models = engine.names("model")
        if traffic.with_text:
            marks = suspects[found.accounts.party].astype(np.int64)
            engine.put(MARKED, pa.table({"account": found.account_key, "suspect": marks}))
            elsewhere = engine.run(texts_of_both())["text"].to_numpy()
    made = fetched(found, opened.texts, rows=rows, models=models)
    return Rows(
        log=made.log,
        gathering=replace(basis.gathering, rows=np.flatnonzero(made.counted)),
        cells=basis.counts.cell,
        beside=beside[made.log.party],
        whose=EVERYBODY if (beside | suspects).all() else f"those of a sample of {int(beside.sum()):,} other parties",
        elsewhere=np.flatnonzero(np.isin(made.texts.keys, elsewhere)),
        show=made.texts.show,
    )


def _touched(basis: Basis, outcome: Outcome, suspects: Bools) -> Bools:
    """Parties that a description of the campaigns speaks of: they shared conversations with suspects, or come nearest to them."""
    out = np.zeros(len(suspects), bool)
    passed = basis.kinds[LinkKind.HANDOFF]
    theirs = np.unique(passed.value[suspects[passed.party]])
    out[passed.party[np.isin(passed.value, theirs)]] = True
    for found in outcome.campaigns:
        close = None if outcome.view is None else nearest(outcome.view, found, suspects)
        if close is not None:
            out[close.party] = True
    return out
