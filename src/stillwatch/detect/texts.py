"""What a hunt asks about the texts of a log, answered by the code of a prompt.

A hunt never needs a text itself, except to show an example: it needs vectors, labels and hashes. :class:`Texts` is that
seam. :class:`LiveTexts` answers from the strings when it is asked; :class:`SketchedTexts` answers from a table of
sketches (:func:`sketch`) in which no text is left, for a watch that keeps none and for engines that hold the log
elsewhere. Both give the same answers, and neither depends on which texts are asked about together.

Codes index the distinct prompts of a log in the order of their first appearance (``Log.prompt.codes``). A null has no
text; callers leave it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.detect.sketch.benchmark import BenchmarkHit, BenchmarkMatcher
from stillwatch.detect.sketch.capability import CapabilityClassifier
from stillwatch.detect.sketch.elicitation import elicitations
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.kept import Kept, kept
from stillwatch.detect.sketch.skeleton import keyed_hash, skeletons
from stillwatch.detect.sketch.style import DIMENSIONS as STYLE_DIMENSIONS
from stillwatch.detect.sketch.style import style_vectors
from stillwatch.errors import InputError
from stillwatch.events.text_store import TextStore, text_keys

Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

CHUNK = 50_000
"""Distinct texts that are sketched at a time."""
BEGINNING = 32
"""Characters by which two texts count as filled into one popular template."""
CONTENT_DIMENSIONS = 64

SKETCHES = pa.schema(
    [
        pa.field("text", pa.int64(), nullable=False),
        pa.field("content", pa.list_(pa.int8(), CONTENT_DIMENSIONS), nullable=False),
        pa.field("style", pa.list_(pa.int8(), STYLE_DIMENSIONS), nullable=False),
        pa.field("benchmark", pa.uint8(), nullable=False),
        pa.field("capability", pa.uint8(), nullable=False),
        pa.field("elicitation", pa.uint8(), nullable=False),
        pa.field("skeleton", pa.int64(), nullable=False),
        pa.field("beginning", pa.int64(), nullable=False),
    ]
)
"""A table of sketches, one row per distinct text.

``text``: hash of the text, plain or keyed (:func:`text_hashes`). ``content``, ``style``: vectors in whole 127ths.
``benchmark``, ``capability``, ``elicitation``: numbers of ``BenchmarkHit``, ``Capability``, ``Elicitation``.
``skeleton``, ``beginning``: hashes of the masked skeleton, and of the first 32 characters with blanks joined.
"""


class Texts(Protocol):
    """Answers about distinct texts; ``codes`` (k,) are theirs, none of them null, in any order, repeats allowed."""

    def vectors(self, codes: Ints) -> tuple[Kept, Kept]:
        """Content (k, 64) and style (k, 64) in whole 127ths."""
        ...

    def benchmark(self, codes: Ints) -> Bools:
        """Whether each is an item of a public benchmark (ambiguous ones are not)."""
        ...

    def capability(self, codes: Ints) -> Ints:
        """Number of the `Capability` that each exercises."""
        ...

    def elicitation(self, codes: Ints) -> Ints:
        """Number of the `Elicitation` of each."""
        ...

    def skeleton(self, codes: Ints) -> Ints:
        """Hash of each one's skeleton: equal where the skeletons are equal."""
        ...

    def beginning(self, codes: Ints) -> Ints:
        """Hash of each one's first 32 characters, in lower case and with blanks joined."""
        ...

    def text(self, code: int) -> str | None:
        """The text itself, or None where it was not kept."""
        ...


class Strings(Protocol):
    """Distinct texts by code, wherever they are held."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def read(self, codes: Ints) -> list[str]:
        """The texts of these codes, in their order; quickest where they ascend."""
        ...


@dataclass(frozen=True)
class HeldStrings:
    """Texts in memory; ``values`` by code."""

    values: pa.Array

    def __len__(self) -> int:
        """How many there are."""
        return len(self.values)

    def read(self, codes: Ints) -> list[str]:
        """The texts of these codes, in their order."""
        found: list[str] = self.values.take(pa.array(codes)).to_pylist()
        return found


@dataclass(frozen=True)
class StoredStrings:
    """Texts in a file; ``numbers`` (texts,) are theirs in the file, by code."""

    store: TextStore
    numbers: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, store: TextStore, keys: pa.Array) -> Self:
        """The texts whose keys, in the order of their codes, are ``keys``."""
        return cls(store, store.places(keys))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers)

    def read(self, codes: Ints) -> list[str]:
        """The texts of these codes, in their order."""
        return self.store.read(self.numbers[codes])


@dataclass(frozen=True)
class LiveTexts:
    """Answers from the strings, when asked. ``embedding`` and ``matcher`` are loaded when first needed if not given."""

    strings: Strings
    embedding: StaticEmbedding | None = None
    matcher: BenchmarkMatcher | None = None

    def using(self, *, embedding: StaticEmbedding | None = None, matcher: BenchmarkMatcher | None = None) -> Self:
        """The same texts, read with other tables than those that ship with the package."""
        return replace(self, embedding=embedding or self.embedding, matcher=matcher or self.matcher)

    @cached_property
    def _embedding(self) -> StaticEmbedding:
        return self.embedding or StaticEmbedding.load()

    @cached_property
    def _matcher(self) -> BenchmarkMatcher:
        return self.matcher or BenchmarkMatcher.load()

    @cached_property
    def _classifier(self) -> CapabilityClassifier:
        return CapabilityClassifier.load(self._embedding)

    def vectors(self, codes: Ints) -> tuple[Kept, Kept]:
        """Content (k, d) and style (k, 64) in whole 127ths."""
        content = np.zeros((len(codes), self._embedding.dimensions), np.int8)
        style = np.zeros((len(codes), STYLE_DIMENSIONS), np.int8)
        for where, texts in self._chunks(codes):
            content[where] = kept(self._embedding.encode(texts))
            style[where] = kept(style_vectors(texts))
        return content, style

    def benchmark(self, codes: Ints) -> Bools:
        """Whether each is an item of a public benchmark (ambiguous ones are not)."""
        return self._each(codes, lambda texts: self._matcher.match(texts, ambiguous=False)).astype(np.bool_)

    def capability(self, codes: Ints) -> Ints:
        """Number of the `Capability` that each exercises."""
        return self._each(codes, self._classifier.classify)

    def elicitation(self, codes: Ints) -> Ints:
        """Number of the `Elicitation` of each."""
        return self._each(codes, elicitations)

    def skeleton(self, codes: Ints) -> Ints:
        """Hash of each one's skeleton."""
        return self._each(codes, lambda texts: text_hashes(skeletons(texts)))

    def beginning(self, codes: Ints) -> Ints:
        """Hash of each one's first 32 characters, in lower case and with blanks joined."""
        return self._each(codes, beginnings)

    def text(self, code: int) -> str | None:
        """The text itself; None for a null."""
        return self.strings.read(np.array([code]))[0] if code >= 0 else None

    def _each(self, codes: Ints, answer: Callable[[list[str]], npt.NDArray[np.generic]]) -> Ints:
        distinct, where = np.unique(codes, return_inverse=True)
        out = np.zeros(len(distinct), np.int64)
        for part, texts in self._chunks(distinct):
            out[part] = answer(texts)
        return out[where]

    def _chunks(self, codes: Ints) -> Iterator[tuple[Ints, list[str]]]:
        """Positions in ``codes`` and their texts, some at a time, in the order in which the texts are held."""
        order = np.argsort(codes, kind="stable")
        for start in range(0, len(order), CHUNK):
            where = order[start : start + CHUNK]
            yield where, self.strings.read(codes[where])


@dataclass(frozen=True)
class SketchedTexts:
    """Answers from a table of sketches; there are no texts to show."""

    content: Kept
    style: Kept
    hit: npt.NDArray[np.uint8]
    capabilities: npt.NDArray[np.uint8]
    elicitations: npt.NDArray[np.uint8]
    skeletons: npt.NDArray[np.int64]
    beginnings: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sketches: pa.Table, texts: pa.Array) -> Self:
        """Sketches of the distinct texts of a log, whose hashes in the order of their codes are ``texts`` (int64).

        ``sketches`` has the columns of :data:`SKETCHES`, its rows in any order; rows of other texts are passed over.

        Raises:
            InputError: a text has no sketch.
        """
        rows = pc.index_in(texts, value_set=_whole(sketches["text"]))
        if rows.null_count:
            raise InputError(
                f"{rows.null_count:,} of {len(texts):,} texts have no sketch.",
                hint="Sketch every text on arrival, under one key; a log and its sketches belong together.",
            )

        def column(name: str) -> npt.NDArray[np.generic]:
            found: npt.NDArray[np.generic] = _whole(sketches[name]).take(rows).to_numpy(zero_copy_only=False)
            return found

        def vectors(name: str, dimensions: int) -> Kept:
            wide = _whole(sketches[name]).flatten().to_numpy(zero_copy_only=False).reshape(-1, dimensions)
            return np.asarray(wide[rows.to_numpy()], np.int8)

        return cls(
            content=vectors("content", CONTENT_DIMENSIONS),
            style=vectors("style", STYLE_DIMENSIONS),
            hit=np.asarray(column("benchmark"), np.uint8),
            capabilities=np.asarray(column("capability"), np.uint8),
            elicitations=np.asarray(column("elicitation"), np.uint8),
            skeletons=np.asarray(column("skeleton"), np.int64),
            beginnings=np.asarray(column("beginning"), np.int64),
        )

    def vectors(self, codes: Ints) -> tuple[Kept, Kept]:
        """Content (k, 64) and style (k, 64) in whole 127ths."""
        return self.content[codes], self.style[codes]

    def benchmark(self, codes: Ints) -> Bools:
        """Whether each is an item of a public benchmark (ambiguous ones are not)."""
        return np.asarray(self.hit[codes] == int(BenchmarkHit.BENCHMARK))

    def capability(self, codes: Ints) -> Ints:
        """Number of the `Capability` that each exercises."""
        return self.capabilities[codes].astype(np.int64)

    def elicitation(self, codes: Ints) -> Ints:
        """Number of the `Elicitation` of each."""
        return self.elicitations[codes].astype(np.int64)

    def skeleton(self, codes: Ints) -> Ints:
        """Hash of each one's skeleton."""
        return self.skeletons[codes]

    def beginning(self, codes: Ints) -> Ints:
        """Hash of each one's first 32 characters, in lower case and with blanks joined."""
        return self.beginnings[codes]

    def text(self, code: int) -> str | None:  # noqa: ARG002 - whatever is asked for, it was not kept
        """None: no text was kept."""
        return None


def _whole(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


@dataclass(frozen=True)
class Sketcher:
    """Makes sketches; holds the tables that it takes to make them, which load in about a second."""

    embedding: StaticEmbedding
    classifier: CapabilityClassifier
    matcher: BenchmarkMatcher
    key: bytes | None = None

    @classmethod
    def load(cls, key: bytes | None = None) -> Self:
        """With the tables that ship with the package. ``key``: of the texts' hashes (16 to 64 bytes), plain without."""
        embedding = StaticEmbedding.load()
        return cls(embedding, CapabilityClassifier.load(embedding), BenchmarkMatcher.load(), key)

    def sketch(self, texts: Sequence[str]) -> pa.Table:
        """Sketches of the distinct texts among ``texts``, in the order of their first appearance (:data:`SKETCHES`).

        Each row depends on its text alone, so sketches of different batches, days and machines can be put together.
        """
        distinct = list(dict.fromkeys(texts))
        vectors = self.embedding.encode(distinct)
        columns = {
            "text": text_hashes(distinct, self.key),
            "content": _listed(kept(vectors)),
            "style": _listed(kept(style_vectors(distinct))),
            "benchmark": self.matcher.find(distinct),
            "capability": self.classifier.classify(distinct, vectors),
            "elicitation": elicitations(distinct),
            "skeleton": text_hashes(skeletons(distinct), self.key),
            "beginning": beginnings(distinct, self.key),
        }
        return pa.table({name: pa.array(values) for name, values in columns.items()}, schema=SKETCHES)


def sketch(texts: Sequence[str], key: bytes | None = None) -> pa.Table:
    """Sketches of the distinct texts among ``texts``; whoever sketches batch after batch keeps a :class:`Sketcher`."""
    return Sketcher.load(key).sketch(texts)


def text_hashes(texts: Sequence[str], key: bytes | None = None) -> npt.NDArray[np.int64]:
    """A 64-bit hash of each text as a signed number: xxh3, or keyed BLAKE2b where ``key`` is given.

    A plain hash lets whoever holds it test guesses; what leaves the machine, or outlives the text, takes a key.
    """
    if key is not None:
        return keyed_hash(texts, key).view(np.int64)
    return text_keys((text.encode("utf-8", "surrogatepass") for text in texts), len(texts))


def beginnings(texts: Sequence[str], key: bytes | None = None) -> npt.NDArray[np.int64]:
    """Hash of each text's first :data:`BEGINNING` characters, in lower case and with blanks joined."""
    return text_hashes([" ".join(text[:BEGINNING].lower().split()) for text in texts], key)


def _listed(x: Kept) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1])
