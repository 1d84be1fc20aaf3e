"""honeypotllm's scorer, replayed over a log with a clock of our own; only where the package is installed.

Source: the package ``honeypotllm`` (Apache-2.0), its defaults, nothing of it copied. It scores each key by request rate,
likeness of the beginnings of consecutive prompts, short gaps and volume, and treats a key as suspicious from 0.75 on.
It learns nothing and sees one account at a time. Its table holds 10,000 keys and forgets the one not seen for longest.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.lab.detectors.published import gather
from stillwatch.lab.detectors.traffic import OPTIONAL, View
from stillwatch.lab.detectors.verdicts import Looks, write_verdicts
from stillwatch.lab.extras import extra
from stillwatch.lab.folder import columns, engine, parts, source

THRESHOLD = 0.75
SNIPPET = 120
"""Characters of a prompt that the scorer looks at."""
BATCH = 50_000
SHIFT = 100 * 365.25 * 86_400
"""Seconds added to the log's times: the package dates a new key by the wall clock, which must not lie after its requests
(a key last seen in the future gains suspicion instead of losing it)."""


class _Clock:
    """Stands in for the module ``time`` of the package."""

    now = 0.0

    def time(self) -> float:
        return self.now


def installed() -> bool:
    """Whether the package is there and can be imported (its 0.1.3 cannot without greenlet)."""
    try:
        importlib.import_module("honeypotllm.scoring")
    except ImportError:
        return False
    return True


@dataclass(frozen=True)
class Honeypot:
    """The package's scorer with its defaults."""

    name: str = "honeypotllm"
    title: str = "honeypotllm"
    text: bool = False
    settings: str = "defaults of the package, threshold 0.75"

    def fit(self, _reference: View) -> Honeypot:
        """It learns nothing."""
        return self

    def write(self, log: View, out: Path) -> None:
        """Replay the log in order of time."""
        # the package alarms at the threshold, our table above it
        write_verdicts(self.name, log.traffic, replay(log), float(np.nextafter(THRESHOLD, 0)), out)


def replay(log: View) -> Looks:
    """The score of an account's key after each request that raised it."""
    module = extra("honeypotllm.scoring", hint="pip install honeypotllm greenlet")
    config = extra("honeypotllm.config", hint="pip install honeypotllm greenlet").ScoringConfig()
    scorer = module.SuspicionScorer(config, THRESHOLD)
    clock = _Clock()
    theirs, module.time = module.time, clock  # the package reads the wall clock; here it reads the log's
    try:
        return _replay(log, scorer, clock)
    finally:
        module.time = theirs


def _replay(log: View, scorer: Any, clock: _Clock) -> Looks:
    number = {name: i for i, name in enumerate(log.traffic.accounts)}
    highest: dict[str, float] = {}
    found: list[tuple[int, int, float]] = []
    files = parts(log.folder, "exchanges")
    with engine(threads=log.threads) as db:
        prompt = "prompt" if "prompt" in columns(db, files) else f"CAST(NULL AS {OPTIONAL['prompt']})"
        rows = db.execute(
            f"SELECT account_id, epoch_us(ts), left({prompt}, {SNIPPET}), input_tokens FROM {source(files)} "
            "ORDER BY ts, exchange_id"
        )
        while batch := rows.fetchmany(BATCH):
            for account, ts, text, tokens in batch:
                clock.now = ts / 1e6 + SHIFT
                value = float(scorer.score_request(account, prompt=text or "", input_tokens=tokens or 0).score_after)
                if value > highest.get(account, -1.0):
                    highest[account] = value
                    found.append((number[account], ts, value))
    return gather(found)
