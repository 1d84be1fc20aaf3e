"""Sketches: what a text becomes on arrival, once per distinct text.

Everything here is pure and vectorised over a list of distinct texts; callers keep missing texts out. What the labels
are worth on real prompts is in ``docs/reference/sketches.md``.
"""

from __future__ import annotations

from stillwatch.detect.sketch.benchmark import BenchmarkHit, BenchmarkMatcher
from stillwatch.detect.sketch.capability import UNMEASURED_CAPABILITIES, CapabilityClassifier
from stillwatch.detect.sketch.elicitation import UNMEASURED_ELICITATIONS, elicitations
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.labels import Capability, Elicitation
from stillwatch.detect.sketch.language import LanguageGuesser
from stillwatch.detect.sketch.redact import redact
from stillwatch.detect.sketch.skeleton import keyed_hash, near_duplicates, normalise, skeletons
from stillwatch.detect.sketch.style import SHAPE_NAMES, shape_features, style_vectors

__all__ = [
    "SHAPE_NAMES",
    "UNMEASURED_CAPABILITIES",
    "UNMEASURED_ELICITATIONS",
    "BenchmarkHit",
    "BenchmarkMatcher",
    "Capability",
    "CapabilityClassifier",
    "Elicitation",
    "LanguageGuesser",
    "StaticEmbedding",
    "elicitations",
    "keyed_hash",
    "near_duplicates",
    "normalise",
    "redact",
    "shape_features",
    "skeletons",
    "style_vectors",
]
