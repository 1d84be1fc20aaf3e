"""Which capability a prompt exercises: a label for profiles of accounts and campaigns, not evidence by itself.

Two opinions are added. *Prototypes*: a prompt's static embedding is compared with those of short examples written for
this package (``prototypes.toml``); a capability's score is the mean cosine of its three nearest. *Cues*: surface marks
that need little language, such as code fences, arithmetic or a verb of translating, in several languages.
The highest sum wins; a text that resembles nothing is ``OTHER``.

Accuracy on real prompts, by source and with tuning and held-out sources apart, is in ``docs/reference/sketches.md``.
Many prompts exercise several capabilities and get one label: read shares over many prompts, not single labels.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.detect.sketch.cues import CUE_CHARACTERS, CUES, WORD_CUES
from stillwatch.detect.sketch.labels import Capability
from stillwatch.detect.sketch.words import words_of
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from stillwatch.detect.sketch.embed import StaticEmbedding, Vectors


UNMEASURED_CAPABILITIES = frozenset({Capability.TRANSLATION, Capability.DATA, Capability.VISION, Capability.OTHER})
"""Labels for which no real labelled prompts were at hand: their accuracy is unknown."""

_NEAREST = 3
_LEAST_SCORE = 0.25
_CHUNK = 8192


class CapabilityClassifier:
    """Prototypes embedded once, and the two opinions added for each text."""

    def __init__(self, embedding: StaticEmbedding, prototypes: Mapping[Capability, Sequence[str]]) -> None:
        """Embed the prototypes.

        Raises:
            ConfigurationError: when a capability has too few examples to take the nearest three.
        """
        few = sorted(c.name.lower() for c, texts in prototypes.items() if len(texts) < _NEAREST)
        if few or not prototypes:
            raise ConfigurationError(
                f"expected at least {_NEAREST} prototypes for each capability, found fewer for: {', '.join(few) or 'all'}",
                hint="add examples to prototypes.toml",
            )
        self._embedding = embedding
        self._groups: list[tuple[Capability, Vectors]] = []
        vectors = {capability: embedding.encode(texts) for capability, texts in prototypes.items()}
        # Each capability weighs the same, however many examples it has.
        self._centre = np.mean([v.mean(axis=0) for v in vectors.values()], axis=0).astype(np.float32)
        self._groups = [(capability, self._centred(v)) for capability, v in sorted(vectors.items())]

    @classmethod
    def load(cls, embedding: StaticEmbedding) -> CapabilityClassifier:
        """Build the classifier from the prototypes that ship with the package."""
        raw = tomllib.loads(resources.files(__package__).joinpath("prototypes.toml").read_text(encoding="utf-8"))
        return cls(embedding, {Capability[name.upper()]: texts for name, texts in raw.items()})

    def classify(self, texts: Sequence[str], vectors: Vectors | None = None) -> npt.NDArray[np.uint8]:
        """Label texts.

        Args:
            texts: the prompts.
            vectors: their embeddings by the same `StaticEmbedding`, where the caller has them already.

        Returns:
            A `Capability` number for each text.
        """
        embedded = self._embedding.encode(texts) if vectors is None else vectors
        labels = np.zeros(len(texts), dtype=np.uint8)
        for start in range(0, len(texts), _CHUNK):
            stop = start + _CHUNK
            scores = self._prototype_scores(embedded[start:stop])
            _add_cues(scores, texts[start:stop])
            best = scores.argmax(axis=1)
            labels[start:stop] = np.where(scores.max(axis=1) >= _LEAST_SCORE, best, int(Capability.OTHER))
        return labels

    def _centred(self, vectors: Vectors) -> Vectors:
        """Unit vectors around the prototypes' centre; zero stays zero."""
        present = np.einsum("ij,ij->i", vectors, vectors) > 0
        moved = (vectors - self._centre) * present[:, None]
        norms = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        return np.asarray(moved / np.maximum(norms, 1e-9)[:, None], dtype=np.float32)

    def _prototype_scores(self, vectors: Vectors) -> Vectors:
        """Mean cosine with the three nearest prototypes, texts x capabilities (OTHER stays at zero)."""
        centred = self._centred(vectors)
        scores = np.zeros((len(vectors), len(Capability)), dtype=np.float32)
        for capability, prototypes in self._groups:
            cosines = centred @ prototypes.T
            scores[:, capability] = np.partition(cosines, -_NEAREST, axis=1)[:, -_NEAREST:].mean(axis=1)
        return scores


def _add_cues(scores: Vectors, texts: Sequence[str]) -> None:
    """Add the weights of the cues found in each text, in place."""
    for row, text in enumerate(texts):
        beginning = text[:CUE_CHARACTERS]
        lowered = beginning.lower()
        for cue in CUES:
            if cue.found_in(lowered):
                scores[row, cue.capability] += cue.weight
        words = frozenset(words_of(beginning))
        for word_cue in WORD_CUES:
            if word_cue.found_in(words, len(text)):
                scores[row, word_cue.capability] += word_cue.weight
