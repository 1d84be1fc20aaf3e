"""The labels that prompts are given: which capability they exercise, how they elicit it.

The numbers are stored in sketches and never change; new labels get new numbers.
"""

from __future__ import annotations

from enum import IntEnum


class Capability(IntEnum):
    """What a prompt asks the model to be good at."""

    OTHER = 0
    REASONING = 1
    CODING = 2
    TRANSLATION = 3
    TOOLS = 4
    WRITING = 5
    KNOWLEDGE = 6
    DATA = 7
    VISION = 8
    SAFETY = 9
    CONVERSATION = 10


class Elicitation(IntEnum):
    """How a prompt draws training material out of the model; `ANSWER` is every ordinary request."""

    ANSWER = 0
    TRACE_COERCION = 1
    RUBRIC = 2
    PAIRWISE = 3
    TRAJECTORY = 4
    SAFE_REWRITE = 5
    BOUNDARY_PROBE = 6
    MULTILINGUAL_SWEEP = 7
    SELF_INSTRUCT = 8
