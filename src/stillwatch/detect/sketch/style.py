"""How a person types, as opposed to what about: the style family of vectors.

Three habits are counted for each text, hashed to a fixed width, damped by the square root (so that a long text does not
drown a short one) and folded to 64 numbers with fixed signs (CountSketch; Charikar, Chen, Farach-Colton 2002):

* character classes: 1-, 2- and 3-grams over upper, lower, digit, other scripts, space, newline and each punctuation
  mark as itself, runs of one class drawn together, so that case, spacing, apostrophes and lists show and words do not;
* function words and typing habits (``i``, ``u``, ``pls``, ``dont``), a closed list;
* the first two and last two tokens by their lower-case 3-grams: greetings, openings, sign-offs.

Everything runs in NumPy over the code points of many texts at once. Hash constants are fixed: vectors of different runs
and machines can be compared.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Vectors = npt.NDArray[np.float32]
_Hashes = npt.NDArray[np.uint64]
_Codes = npt.NDArray[np.uint32]

DIMENSIONS = 64
SHAPE_NAMES = (
    "log_length",
    "upper",
    "digits",
    "punctuation",
    "newlines",
    "non_ascii",
    "word_length",
    "ends_with_punctuation",
)
"""Columns of `shape_features`; the middle five are shares of the characters."""

_HEAD, _TAIL = 320, 64
_WIDTH = 1024
_CHUNK = 1024
_EDGE_TOKENS = 2
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

# Classes above the ASCII range, so that punctuation can stand for itself.
_LOWER, _UPPER, _DIGIT, _CJK, _OTHER, _SPACE, _NEWLINE, _CONTROL = range(128, 136)
_MARKS, _MARK_KINDS = 136, 100
_SIEVE_BITS, _SIXTY_FOUR = np.uint64(14), np.uint64(64)
_LONGEST_WORD = 8
"""Letters of the longest function word."""

_FUNCTION_WORDS = (
    "a an the this that these those i me my mine you your yours u ur r he him his she her it its we us our they them "
    "their is am are was were be been being im ive ill id dont doesnt didnt cant wont isnt thats whats lets youre "
    "do does did done have has had can could will would shall should may might must need want gonna wanna gotta "
    "not no nor yes yeah yep nope ok okay and or but so because since if then else while when where why how what who "
    "which whom of in on at by for from to into onto with without about over under between through after before "
    "than as like just also too very really only even still some any all both each every many much more most few "
    "there here now please pls plz thanks thank thx ty hi hello hey dear sorry lol btw imo tbh idk etc "
    "i'm i've i'll i'd don't doesn't didn't can't won't isn't that's what's let's you're it's "
    "le la les un une des et ou que qui de du en pour pas el los las una y o por para con no der die das ein eine und "
    "oder nicht ist mit von zu il lo gli di che per non um os e do da em não и в на не что я как это с по для"
)


def style_vectors(texts: Sequence[str]) -> Vectors:
    """Style vector of each text.

    Returns:
        float32, texts x 64, rows of length 1 (zero for an empty text). They share a large common part; centre on the
        population's mean before comparing.
    """
    out = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    signs = _signs()
    function_words = _function_word_hashes()
    for start in range(0, len(texts), _CHUNK):
        chunk = [_sample(text) for text in texts[start : start + _CHUNK]]
        counts = _feature_counts(chunk, function_words)
        folded = (np.sqrt(counts.astype(np.float32)) * signs).reshape(len(chunk), DIMENSIONS, -1).sum(axis=2)
        out[start : start + len(chunk)] = folded
    norms = np.sqrt(np.einsum("ij,ij->i", out, out))
    np.divide(out, norms[:, None], out=out, where=norms[:, None] > 0)
    return out


def shape_features(texts: Sequence[str]) -> Vectors:
    """Eight plain measures of a text's outward shape, named in `SHAPE_NAMES`.

    Shares are taken over the beginning and end of a long text, the length over all of it.

    Returns:
        float32, texts x 8; length is ln(1 + characters), word length is in characters.
    """
    out = np.zeros((len(texts), len(SHAPE_NAMES)), dtype=np.float32)
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        out[start : start + len(chunk)] = _shape_of_chunk(chunk)
    return out


def _sample(text: str) -> str:
    """Beginning and end of a text: bounded work, and both greetings and sign-offs are seen."""
    return text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + text[-_TAIL:]


def _code_points(texts: Sequence[str]) -> tuple[_Codes, npt.NDArray[np.int64]]:
    """All code points one after the other, and the row of each."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return codes, np.repeat(np.arange(len(texts)), lengths)


def _class_table() -> npt.NDArray[np.uint8]:
    """Class of each code point below 128; punctuation stands for itself."""
    table = np.arange(128, dtype=np.uint8)
    table[:32] = _CONTROL
    table[127] = _CONTROL
    for first, last, kind in (("a", "z", _LOWER), ("A", "Z", _UPPER), ("0", "9", _DIGIT)):
        table[ord(first) : ord(last) + 1] = kind
    table[ord(" ")] = table[ord("\t")] = _SPACE
    table[ord("\n")] = table[ord("\r")] = _NEWLINE
    return table


def _classes(codes: _Codes) -> npt.NDArray[np.uint8]:
    """Class of each character; typographic punctuation beyond ASCII keeps its own (hashed) identity."""
    classes = np.take(_class_table(), np.minimum(codes, 127))
    beyond = np.flatnonzero(codes >= 128)
    if len(beyond):
        high = codes[beyond]
        kind = np.full(len(beyond), _OTHER, dtype=np.uint8)
        kind[((high >= 0x2E80) & (high <= 0x9FFF)) | ((high >= 0xAC00) & (high <= 0xD7AF))] = _CJK
        marks = ((high >= 0x2010) & (high <= 0x2049)) | ((high >= 0x3001) & (high <= 0x301F)) | (high >= 0xFF00)
        kind[marks] = _MARKS + (high[marks] % _MARK_KINDS).astype(np.uint8)
        kind[(high == 0xA0) | (high == 0x3000)] = _SPACE
        classes[beyond] = kind
    return classes


def _mixed(values: _Hashes) -> _Hashes:
    """SplitMix64 finaliser: spread the bits of structured keys."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def _cells(keys: _Hashes) -> npt.NDArray[np.int64]:
    """The cell that each key is counted in: the highest bits of its hash."""
    return (_mixed(keys) >> np.uint64(54)).astype(np.int64)


def _key_of(columns: Sequence[_Hashes], tag: int) -> _Hashes:
    """Polynomial key of some characters one after the other; ``tag`` keeps the kinds of features apart."""
    key = np.full(columns[0].shape, tag, dtype=np.uint64)
    for column in columns:
        key = key * _BASE + column
    return key


@cache
def _symbols() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """A small number for each class that a character can have, and the classes in order of these numbers."""
    never = np.r_[65:91, 97:123, 48:58, 0:33, 127]  # ASCII characters that have one of the classes above instead
    kinds = np.setdiff1d(np.arange(_MARKS + _MARK_KINDS), never)
    table = np.zeros(256, dtype=np.uint8)
    table[kinds] = np.arange(len(kinds), dtype=np.uint8)
    return table, kinds


@cache
def _gram_cells() -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """Cell of each 1-, 2- and 3-gram of symbols: there are so few that all are known beforehand."""
    kind = _symbols()[1].astype(np.uint64)
    count = len(kind)
    one = _cells(_key_of([kind], 1))
    two = _cells(_key_of([np.repeat(kind, count), np.tile(kind, count)], 2))
    three = [
        _cells(_key_of([np.full(count * count, k), np.repeat(kind, count), np.tile(kind, count)], 3)) for k in kind
    ]
    return one.astype(np.int16), two.astype(np.int16), np.concatenate(three).astype(np.int16)


def _feature_counts(texts: Sequence[str], function_words: _Hashes) -> npt.NDArray[np.int64]:
    """Hashed habit counts, texts x _WIDTH."""
    codes, bounds = _laid_out(texts)
    classes = _classes(codes)
    cells = [*_class_grams(classes, bounds), _known_words(codes, classes, bounds, function_words)]
    for ranges, tag in zip(_edges(classes, bounds), (11, 12), strict=True):
        cells.append(_edge_grams(codes, *ranges, tag))
    size = len(texts) * _WIDTH
    return np.bincount(np.concatenate(cells), minlength=size + 1)[:size].reshape(len(texts), _WIDTH)


def _laid_out(texts: Sequence[str]) -> tuple[_Codes, npt.NDArray[np.int64]]:
    """All code points one after the other, and where each text begins (and the last one ends)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), out=bounds[1:])
    return codes, bounds


def _begins_text(bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where a text that is not empty begins."""
    return bounds[:-1][bounds[1:] > bounds[:-1]]


def _class_grams(classes: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Cells of the 1-, 2- and 3-grams of classes, runs drawn together; grams across two texts fall into the last cell."""
    texts = len(bounds) - 1
    drawn = _run_starts(classes, bounds)
    table, kinds = _symbols()
    count = len(kinds)
    symbols = table[classes[drawn]].astype(np.int32)
    before = np.concatenate([[0], np.cumsum(drawn)])[bounds]
    base = np.repeat(np.arange(texts, dtype=np.int64) * _WIDTH, np.diff(before))
    ends = np.unique(before[1:])
    parts = []
    index = symbols
    for size, cells in enumerate(_gram_cells(), 1):
        if size > 1:
            index = index[:-1] * count + symbols[size - 1 :]
        found = base[: len(index)] + cells[index]
        for back in range(1, size):
            across = ends - back
            found[across[(across >= 0) & (across < len(found))]] = texts * _WIDTH
        parts.append(found)
    return parts


def _run_starts(classes: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """True where a run begins; lower, upper, digit and other-script runs keep their first two characters.

    Two, so that one letter (``i``, ``u``) differs from a word, while word lengths, hence content, do not show.
    """
    start = np.ones(len(classes), dtype=np.bool_)
    start[1:] = classes[1:] != classes[:-1]
    start[_begins_text(bounds)] = True
    second = np.zeros(len(classes), dtype=np.bool_)
    second[1:] = start[:-1] & ~start[1:]
    third_of_mark = np.zeros(len(classes), dtype=np.bool_)
    third_of_mark[2:] = second[1:-1] & ~start[2:] & ((classes[2:] < 128) | (classes[2:] > _CONTROL))
    return start | second | third_of_mark


def _known_words(
    codes: _Codes, classes: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64], known: _Hashes
) -> npt.NDArray[np.int64]:
    """Cells of the function words: words are letters of any script and inner apostrophes."""
    words, places = _word_hashes(codes, classes, bounds)
    maybe = np.zeros(1 << int(_SIEVE_BITS), dtype=np.bool_)
    maybe[(known >> (_SIXTY_FOUR - _SIEVE_BITS)).astype(np.int64)] = True
    likely = maybe[
        (words >> (_SIXTY_FOUR - _SIEVE_BITS)).astype(np.int64)
    ]  # most words are none, and that is seen quickly
    words, places = words[likely], places[likely]
    at = np.minimum(np.searchsorted(known, words), len(known) - 1)
    found = np.flatnonzero(known[at] == words)
    rows = np.searchsorted(bounds, places[found], side="right") - 1
    return _cells(words[found]) + rows * _WIDTH


def _word_hashes(
    codes: _Codes, classes: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]
) -> tuple[_Hashes, npt.NDArray[np.int64]]:
    """Polynomial hash of each word that is no longer than a function word, and where it begins."""
    letter = (classes >= _LOWER) & (classes <= _OTHER) & (classes != _DIGIT) & (classes != _CJK)
    letter |= (codes == 39) | (codes == 0x2019)
    begins = letter.copy()
    begins[1:] &= ~letter[:-1]
    fresh = _begins_text(bounds)
    begins[fresh] = letter[fresh]
    ends = letter.copy()
    ends[:-1] &= ~letter[1:]
    last = fresh[1:] - 1
    ends[last] = letter[last]
    starts = np.flatnonzero(begins)
    lengths = np.flatnonzero(ends) + 1 - starts
    short = lengths <= _LONGEST_WORD
    starts, lengths = starts[short], lengths[short]
    padded = np.concatenate([codes, np.zeros(_LONGEST_WORD, dtype=codes.dtype)])
    powers = _powers(_LONGEST_WORD)
    words = np.zeros(len(starts), dtype=np.uint64)
    for place in range(_LONGEST_WORD):
        inside = np.flatnonzero(lengths > place)
        character = padded[starts[inside] + place]
        character = np.where((character >= 65) & (character <= 90), character + np.uint32(32), character)
        straight = np.where(character == 0x2019, np.uint32(39), character).astype(np.uint64)
        words[inside] += (straight + np.uint64(1)) * powers[place]
    return words, starts


def _powers(count: int) -> _Hashes:
    """_BASE to the powers 0 .. count-1, modulo 2^64."""
    factors = np.full(count, _BASE, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


def _function_word_hashes() -> _Hashes:
    """Hashes of the closed word list, by the same code that hashes words in texts."""
    words = sorted(set(_FUNCTION_WORDS.split()))
    codes, bounds = _laid_out(words)
    return np.unique(_word_hashes(codes, _classes(codes), bounds)[0])


_Ranges = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _edges(classes: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> tuple[_Ranges, _Ranges]:
    """Where the first two and the last two tokens of each text begin and end, each token with its space after."""
    blank = (classes == _SPACE) | (classes == _NEWLINE)
    begins = ~blank
    begins[1:] &= blank[:-1]
    fresh = _begins_text(bounds)
    begins[fresh] = ~blank[fresh]
    starts = np.append(np.flatnonzero(begins), len(classes))
    at = np.searchsorted(starts, bounds)
    first, after = at[:-1], at[1:]
    ends = bounds[1:]
    some = after > first
    begin = np.where(some, starts[first], ends)
    third = np.where(after - first > _EDGE_TOKENS, starts[np.minimum(first + _EDGE_TOKENS, len(starts) - 1)], ends)
    late = np.where(some, starts[np.maximum(after - _EDGE_TOKENS, first)], ends)
    return (begin, third), (late, ends)


def _edge_grams(
    codes: _Codes, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64], tag: int
) -> npt.NDArray[np.int64]:
    """Cells of the lower-case 3-grams within the ranges, one range per text."""
    count = np.maximum(end - begin - 2, 0)
    rows = np.repeat(np.arange(len(begin)), count)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count) + begin[rows]
    lowered = np.where((codes >= 65) & (codes <= 90), codes + np.uint32(32), codes)
    key = _key_of([lowered[place + offset].astype(np.uint64) for offset in range(3)], tag)
    return _cells(key) + rows * _WIDTH


def _signs() -> Vectors:
    """Fixed sign of each hashed cell; adjacent cells fold into one dimension, their numbers being hashes already."""
    mixed = _mixed(np.arange(1, _WIDTH + 1, dtype=np.uint64) * _BASE)
    return np.where(mixed >> np.uint64(63), 1.0, -1.0).astype(np.float32)


def _shape_of_chunk(texts: Sequence[str]) -> Vectors:
    """`shape_features` of one chunk."""
    codes, rows = _code_points([_sample(text) for text in texts])
    classes = _classes(codes)
    size = len(texts)
    seen = np.bincount(rows, minlength=size)
    mark = (classes < 128) | (classes > _CONTROL)
    blank = (classes == _SPACE) | (classes == _NEWLINE)
    begins = ~blank
    begins[1:] &= blank[:-1] | (rows[1:] != rows[:-1])

    def share(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        return np.bincount(rows[mask], minlength=size) / np.maximum(seen, 1)

    words = np.maximum(np.bincount(rows[begins], minlength=size), 1)
    solid = np.bincount(rows[~blank], minlength=size)
    final = np.zeros(size)
    ink = np.flatnonzero(~blank)
    final[rows[ink]] = mark[ink]  # the last assignment of a row wins
    length = np.log1p(np.fromiter(map(len, texts), dtype=np.float64, count=size))
    columns = (
        length,
        share(classes == _UPPER),
        share(classes == _DIGIT),
        share(mark),
        share(classes == _NEWLINE),
        share(codes >= 128),
        solid / words,
        final,
    )
    return np.stack(columns, axis=1).astype(np.float32)
