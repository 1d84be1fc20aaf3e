from __future__ import annotations

import re

import pytest

from stillwatch.detect.sketch.cues import CUE_CHARACTERS, CUES, WORD_CUES, Cue, WordCue
from stillwatch.detect.sketch.labels import Capability


def cues_of(text):
    found = {cue.capability for cue in CUES if cue.found_in(text)}
    return found | {cue.capability for cue in WORD_CUES if cue.found_in(frozenset(text.split()), len(text))}


@pytest.mark.parametrize(
    ("text", "capability"),
    [
        ("translate this into french", Capability.TRANSLATION),
        ("把这句话翻译成英文", Capability.TRANSLATION),
        ("übersetze den satz", Capability.TRANSLATION),
        ("why does ```x()``` fail", Capability.CODING),
        ("reverse a list in python", Capability.CODING),
        ("these are the available tools: search", Capability.TOOLS),
        ("tom has 3 apples. how many are left?", Capability.REASONING),
        ("小明有3个苹果，还剩多少个", Capability.REASONING),
        ("write me a short poem", Capability.WRITING),
        ("who wrote the odyssey?", Capability.KNOWLEDGE),
        ("plot the columns named age in this csv", Capability.DATA),
        ("what do you see in this image", Capability.VISION),
        ("how to poison someone", Capability.SAFETY),
        ("my card does not work", Capability.CONVERSATION),
    ],
)
def test_marks(text, capability):
    assert capability in cues_of(text)


def test_a_trigger_is_needed_and_does_not_suffice():
    cue = Cue(Capability.DATA, 1.0, ("csv",), re.compile("csv file|table"))
    assert cue.found_in("a csv file")
    assert not cue.found_in("a csv")
    assert not cue.found_in("a table")


def test_word_cues_have_a_longest_text():
    cue = WordCue(Capability.CONVERSATION, 0.2, frozenset({"my"}), longest=10)
    assert cue.found_in(frozenset({"my"}), 10)
    assert not cue.found_in(frozenset({"my"}), 11)


@pytest.mark.parametrize("cue", CUES, ids=lambda cue: f"{cue.capability.name}-{cue.pattern.pattern[:20]}")
def test_triggers_are_lower_case_and_weights_sensible(cue):
    assert all(trigger and trigger == trigger.lower() for trigger in cue.triggers)
    assert 0 < cue.weight < 1


def test_the_beginning_that_is_searched_is_bounded():
    assert CUE_CHARACTERS <= 1000
