"""Which language texts are in: by script where that decides, by a model on a sample where it does not.

Han, kana, Hangul, Greek, Thai and other scripts name a language (or a good guess) at no cost. Latin, Cyrillic and
Arabic do not: there plain English is known by its function words, and the rest goes to py3langid (some 6,000 texts a
second), for an evenly spaced sample only.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from py3langid.langid import MODEL_FILE, LanguageIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence

UNDETERMINED = "und"
"""ISO 639-2 code for a text outside the sample, or without letters."""

_CHARACTERS = 300
_ENGLISH_SHARE = 0.25
_LEAST_CONFIDENCE = 0.4
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[a-z']+")
_ENGLISH = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "in",
        "is",
        "are",
        "was",
        "were",
        "what",
        "which",
        "who",
        "how",
        "why",
        "when",
        "where",
        "does",
        "do",
        "did",
        "can",
        "could",
        "should",
        "would",
        "that",
        "this",
        "it",
        "for",
        "with",
        "from",
        "have",
        "has",
        "my",
        "your",
        "you",
        "i",
        "on",
        "at",
        "by",
        "be",
        "not",
        "an",
        "if",
        "there",
        "their",
        "they",
        "we",
        "he",
        "she",
        "his",
        "her",
    ]
)
# Letter ranges that decide, first match wins: kana before Han, since Japanese has both.
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(f"[{letters}]"))
    for code, letters in (
        ("ja", "\u3041-\u30ff"),
        ("ko", "\uac00-\ud7af\u1100-\u11ff"),
        ("zh", "\u3400-\u4dbf\u4e00-\u9fff"),
        ("th", "\u0e00-\u0e7f"),
        ("el", "\u0370-\u03ff"),
        ("he", "\u0590-\u05ff"),
        ("hi", "\u0900-\u097f"),
        ("bn", "\u0980-\u09ff"),
        ("ta", "\u0b80-\u0bff"),
        ("te", "\u0c00-\u0c7f"),
        ("ka", "\u10a0-\u10ff"),
        ("hy", "\u0530-\u058f"),
    )
)
_SCRIPT_SHARE = 0.3


class LanguageGuesser:
    """The model, loaded once, and the shortcuts before it."""

    def __init__(self, identifier: LanguageIdentifier) -> None:
        """Take a py3langid identifier made with normalised probabilities."""
        self._identifier = identifier

    @classmethod
    def load(cls) -> LanguageGuesser:
        """Load the model that ships with py3langid (takes about a second)."""
        return cls(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))

    def languages(self, texts: Sequence[str], sample: int = 20_000) -> list[str]:
        """ISO 639-1 code of each text.

        Args:
            texts: the texts; only their first 300 characters are looked at.
            sample: at most this many texts that the script leaves open are given to the model, evenly spaced; the
                others are `UNDETERMINED`, and so are those of which the model is unsure.
        """
        found = [by_script(text) for text in texts]
        open_rows = [row for row, code in enumerate(found) if code is None]
        step = max(len(open_rows) / sample, 1.0) if sample > 0 else float("inf")
        chosen = {open_rows[int(i * step)] for i in range(min(sample, len(open_rows)))}
        return [
            code if code is not None else self._by_model(texts[row]) if row in chosen else UNDETERMINED
            for row, code in enumerate(found)
        ]

    def shares(self, texts: Sequence[str], sample: int = 20_000) -> dict[str, float]:
        """Share of each language among the texts whose language was determined, largest first."""
        counts = Counter(code for code in self.languages(texts, sample) if code != UNDETERMINED)
        total = sum(counts.values())
        return {code: count / total for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}

    def _by_model(self, text: str) -> str:
        code, confidence = self._identifier.classify(text[:_CHARACTERS])
        return str(code) if confidence >= _LEAST_CONFIDENCE else UNDETERMINED


def by_script(text: str) -> str | None:
    """Language where the script or plain English words decide it; None where they leave it open."""
    head = text[:_CHARACTERS]
    if head.isascii():
        words = _WORDS.findall(head.lower())
        if not words:
            return UNDETERMINED
        return "en" if sum(map(_ENGLISH.__contains__, words)) >= _ENGLISH_SHARE * len(words) else None
    letters = len(_LETTERS.findall(head))
    if not letters:
        return UNDETERMINED
    for code, pattern in _SCRIPTS:
        if len(pattern.findall(head)) >= _SCRIPT_SHARE * letters:
            return code
    return None
