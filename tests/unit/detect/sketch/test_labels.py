from __future__ import annotations

from stillwatch.detect.sketch.labels import Capability, Elicitation


def test_stored_numbers_never_change():
    assert {c.name: c.value for c in Capability} == {
        "OTHER": 0,
        "REASONING": 1,
        "CODING": 2,
        "TRANSLATION": 3,
        "TOOLS": 4,
        "WRITING": 5,
        "KNOWLEDGE": 6,
        "DATA": 7,
        "VISION": 8,
        "SAFETY": 9,
        "CONVERSATION": 10,
    }
    assert {e.name: e.value for e in Elicitation} == {
        "ANSWER": 0,
        "TRACE_COERCION": 1,
        "RUBRIC": 2,
        "PAIRWISE": 3,
        "TRAJECTORY": 4,
        "SAFE_REWRITE": 5,
        "BOUNDARY_PROBE": 6,
        "MULTILINGUAL_SWEEP": 7,
        "SELF_INSTRUCT": 8,
    }
