"""Labels of openings: capability, elicitation and benchmark item, for the rows that a report looks at.

Without text every label is None. What the labels are worth is in ``docs/reference/sketches.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.campaigns.model import Share
from stillwatch.detect.log import NONE, Floats, Ints, Log
from stillwatch.detect.sketch import Capability, Elicitation, StaticEmbedding
from stillwatch.detect.texts import LiveTexts

MOST_ROWS = 4_000
"""Openings labelled per campaign; an even sample in order of time where there are more."""


def name_of(label: Capability | Elicitation) -> str:
    """The label as a reader writes it."""
    return label.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Labels:
    """Labels of ``rows``; NONE without text. ``weight``: exchanges that each row stands for."""

    rows: Ints
    capability: Ints
    elicitation: Ints
    weight: Floats

    @classmethod
    def read(cls, log: Log, rows: Ints, weight: Floats, embedding: StaticEmbedding | None = None) -> Labels:
        """Label the openings ``rows``, each standing for ``weight`` exchanges.

        ``embedding``: another table than the one that the log's texts have.
        """
        texts = log.texts
        if embedding is not None and isinstance(texts, LiveTexts):
            texts = texts.using(embedding=embedding)
        if len(rows) > MOST_ROWS:
            pick = np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)
            rows, weight = rows[pick], weight[pick] * (len(weight) / MOST_ROWS)
        capability = np.full(len(rows), NONE, np.int64)
        elicitation = np.full(len(rows), NONE, np.int64)
        codes, where = np.unique(log.prompt.codes[rows], return_inverse=True)
        known = codes != NONE
        if known.any():
            table = np.full(len(codes), NONE, np.int64)
            table[known] = texts.capability(codes[known])
            capability = table[where]
            table[known] = texts.elicitation(codes[known])
            elicitation = table[where]
        return cls(rows, capability, elicitation, weight)

    def of(self, keep: Ints) -> Labels:
        """A part of the rows."""
        return Labels(self.rows[keep], self.capability[keep], self.elicitation[keep], self.weight[keep])

    def capabilities(self) -> tuple[Share, ...]:
        """Shares of the capabilities, largest first; empty without text."""
        return _shares(self.capability, self.weight, [name_of(c) for c in Capability])

    def elicitations(self) -> tuple[Share, ...]:
        """Shares of the elicitations, largest first; empty without text."""
        return _shares(self.elicitation, self.weight, [name_of(e) for e in Elicitation])


def _shares(labels: Ints, weight: Floats, names: list[str]) -> tuple[Share, ...]:
    known = labels != NONE
    total = np.bincount(labels[known], weight[known], len(names)) if known.any() else np.zeros(len(names))
    if not total.sum():
        return ()
    order = np.argsort(-total, kind="stable")
    return tuple(Share(names[i], float(total[i] / total.sum())) for i in order if total[i] > 0)
