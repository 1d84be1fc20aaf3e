"""Words of many texts at once, as numbers: what :func:`words_of` gives text by text, without Python per word.

Texts are laid end to end as code points; where words begin and end is read off a table of character classes. A word is the
window of characters from where it begins, blank after its end; equal windows are equal words. The few words longer
than a window are compared as strings.

Words are cut as BERT's basic tokeniser does (lower case, accents stripped, punctuation and CJK characters alone), with
one difference: any symbol is a word of its own, so that an emoji does not make the word beside it unknown.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.unsignedinteger]

MAX_CHARACTERS = 512
"""Only the beginning of a text is embedded: bounded work, and templates and topics show there."""
_WINDOW = 16
"""Characters by which words are told apart without looking at them as strings."""
_SKIP, _PART, _ALONE, _DROP, _UNKNOWN = range(5)
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+|[^\w\s]|_")
_INNER = re.compile(rf"[^\W_{_CJK}]")
_WORD_ASCII = re.compile(r"[a-z0-9]+|[^a-z0-9\s\x00-\x1f\x7f]")
_DROPPED = frozenset({"Mn", "Cf", "Cc", "Cs", "Co"})
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_FOLD = np.uint64(29)


def words_of(text: str, characters: int = MAX_CHARACTERS) -> list[str]:
    """Cut the beginning of a text into words the way the table's vocabulary expects."""
    lowered = text[:characters].lower()
    if lowered.isascii():
        return _WORD_ASCII.findall(lowered)
    return _WORD.findall(_plain(lowered))


@dataclass(frozen=True)
class Words:
    """Words of some texts: ``numbers`` (words,) index into ``distinct``; those of text i begin at ``bounds[i]``.

    ``rows`` (texts,) are the texts' places among those asked about.
    """

    rows: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.int64]
    distinct: list[str]


def cut(texts: Sequence[str], characters: int = MAX_CHARACTERS) -> Iterator[Words]:
    """The words of all texts, in at most two groups: texts of ASCII alone, and the others."""
    lowered = [text[:characters].lower() for text in texts]
    ascii_only = np.fromiter(map(str.isascii, lowered), np.bool_, len(lowered))
    for rows, narrow in ((np.flatnonzero(ascii_only), True), (np.flatnonzero(~ascii_only), False)):
        if not len(rows):
            continue
        group = [lowered[row] for row in rows.tolist()]
        if narrow:
            points: Codes = np.frombuffer(" ".join(group).encode("ascii"), np.uint8)
            kind = _ascii_classes()[points]
        else:
            group = [unicodedata.normalize("NFD", text) for text in group]
            points = np.frombuffer(" ".join(group).encode("utf-32-le", "surrogatepass"), np.uint32)
            kind = _classes(points)
        begin = np.zeros(len(group) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, group), np.int64, len(group)) + 1, out=begin[1:])
        yield _cut(rows, points, kind, begin)


def _cut(
    rows: npt.NDArray[np.int64], points: Codes, kind: npt.NDArray[np.uint8], begin: npt.NDArray[np.int64]
) -> Words:
    """Words of texts laid end to end in ``points``, of classes ``kind``; text i begins at ``begin[i]``."""
    dropped = kind == _DROP
    if dropped.any():
        before = np.zeros(len(points) + 2, np.int64)
        np.cumsum(dropped, out=before[1:-1])
        before[-1] = before[-2]
        begin = begin - before[begin]
        points, kind = points[~dropped], kind[~dropped]
    part, ends = kind == _PART, kind == _ALONE
    edge = np.diff(part, prepend=np.False_, append=np.False_)
    starts = np.flatnonzero(ends | (part & edge[:-1]))
    ends |= part & edge[1:]
    lengths = np.flatnonzero(ends) + 1 - starts
    words = _Laid(points, starts, lengths)
    numbers, first = words.numbered()
    return Words(rows, numbers, np.searchsorted(starts, begin), words.strings(first))


@dataclass(frozen=True)
class _Laid:
    """Words as places in code points laid end to end."""

    points: Codes
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    def strings(self, which: npt.NDArray[np.integer]) -> list[str]:
        codec = "ascii" if self.points.itemsize == 1 else "utf-32-le"
        raw, size = self.points.tobytes(), self.points.itemsize
        places = zip((self.starts[which] * size).tolist(), (self.lengths[which] * size).tolist(), strict=True)
        return [raw[a : a + n].decode(codec) for a, n in places]

    def numbered(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """A number for each word, equal where the words are, and the first place of each number."""
        if not len(self.starts):
            return np.zeros(0, np.int32), self.starts
        padded = np.concatenate([self.points, np.zeros(_WINDOW, self.points.dtype)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[self.starts]
        inside = np.arange(_WINDOW) < np.arange(_WINDOW + 1)[:, None]
        windows *= inside.astype(padded.dtype)[np.minimum(self.lengths, _WINDOW)]
        pieces = windows.view(np.uint64)
        key = np.zeros(len(self.starts), np.uint64)
        for column in range(pieces.shape[1]):
            key = (key ^ pieces[:, column]) * _FACTOR
            key ^= key >> _FOLD
        long = np.flatnonzero(self.lengths > _WINDOW)
        seen: dict[str, int] = {}
        key[long] = [seen.setdefault(word, len(seen)) for word in self.strings(long)]
        numbers, first = _by_key(key)
        if (pieces != pieces[first[numbers]]).any():  # two words have one key: so rare that time does not matter
            seen = {}
            numbers, first = _by_key(
                np.array([seen.setdefault(w, len(seen)) for w in self.strings(np.arange(len(key)))], np.uint64)
            )
        return numbers, first


def _by_key(key: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    coded = pa.array(key).dictionary_encode()
    numbers = np.asarray(coded.indices.to_numpy(), np.int32)
    first = np.empty(len(coded.dictionary), np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, first


def _plain(lowered: str) -> str:
    """Accents and characters that do not show taken out."""
    decomposed = unicodedata.normalize("NFD", lowered)
    return "".join(c for c in decomposed if not _is_dropped(c))


def _is_dropped(character: str) -> bool:
    return unicodedata.category(character) in _DROPPED and not character.isspace()


@cache
def _ascii_classes() -> npt.NDArray[np.uint8]:
    """Class of each ASCII character in lower case; control characters part words and are none."""
    classes = np.full(128, _ALONE, np.uint8)
    classes[:33] = classes[127] = _SKIP
    for first, last in (("a", "z"), ("0", "9")):
        classes[ord(first) : ord(last) + 1] = _PART
    return classes


@cache
def _class_table() -> npt.NDArray[np.uint8]:
    """Class of each code point, filled as code points are met."""
    return np.full(sys.maxunicode + 1, _UNKNOWN, np.uint8)


def _classes(points: Codes) -> npt.NDArray[np.uint8]:
    table = _class_table()
    kind = table[points]
    if (kind == _UNKNOWN).any():
        for point in np.unique(points[kind == _UNKNOWN]).tolist():
            character = chr(point)
            if _is_dropped(character):
                table[point] = _DROP
            elif not _WORD.fullmatch(character):
                table[point] = _SKIP
            else:
                table[point] = _PART if _INNER.fullmatch(character) else _ALONE
        kind = table[points]
    return kind
