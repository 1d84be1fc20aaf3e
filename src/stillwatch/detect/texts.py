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
from dataclasses import dataclass, field, replace
from functools import partial
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
from stillwatch.detect.sketching import (
    CHUNK,
    Answer,
    Question,
    Reader,
    Source,
    answers,
    beginning_of,
    hashes,
    processes,
)
from stillwatch.errors import InputError
from stillwatch.events.text_store import TextStore

Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]

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

    def vectors(self, codes: Ints, progress: Progress | None = None) -> tuple[Kept, Kept]:
        """Content (k, 64) and style (k, 64) in whole 127ths. ``progress`` is told (texts done, all)."""
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

    def source(self, codes: Ints) -> Source:
        """What gives the texts of these codes, in their order; quickest where they ascend."""
        ...


@dataclass(frozen=True)
class HeldStrings:
    """Texts in memory; ``values`` by code."""

    values: pa.Array

    def __len__(self) -> int:
        """How many there are."""
        return len(self.values)

    def source(self, codes: Ints) -> Source:
        """What gives the texts of these codes, in their order."""
        return partial(list, self.values.take(pa.array(codes)).to_pylist())


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

    def source(self, codes: Ints) -> Source:
        """What gives the texts of these codes, in their order; whoever calls it reads the file."""
        return partial(self.store.file.read, self.numbers[codes])


@dataclass(frozen=True)
class LiveTexts:
    """Answers from the strings, when asked; by several processes where much is asked at once (``sketching.py``).

    ``workers``: processes that may help, as many as there are cores where it is None.
    """

    strings: Strings
    reader: Reader = field(default_factory=Reader)
    workers: int | None = None

    def using(self, *, embedding: StaticEmbedding | None = None, matcher: BenchmarkMatcher | None = None) -> Self:
        """The same texts, read with other tables than those that ship with the package."""
        reader = Reader(
            self.reader.embedding if embedding is None else embedding,
            self.reader.matcher if matcher is None else matcher,
        )
        return replace(self, reader=reader)

    def vectors(self, codes: Ints, progress: Progress | None = None) -> tuple[Kept, Kept]:
        """Content (k, d) and style (k, 64) in whole 127ths."""
        content = np.zeros((len(codes), self.reader.dimensions), np.int8)
        style = np.zeros((len(codes), STYLE_DIMENSIONS), np.int8)
        for where, found in self._answers(Question.VECTORS, codes, progress):
            content[where], style[where] = np.hsplit(found, [content.shape[1]])
        return content, style

    def benchmark(self, codes: Ints) -> Bools:
        """Whether each is an item of a public benchmark (ambiguous ones are not)."""
        return self._each(Question.BENCHMARK, codes).astype(np.bool_)

    def capability(self, codes: Ints) -> Ints:
        """Number of the `Capability` that each exercises."""
        return self._each(Question.CAPABILITY, codes)

    def elicitation(self, codes: Ints) -> Ints:
        """Number of the `Elicitation` of each."""
        return self._each(Question.ELICITATION, codes)

    def skeleton(self, codes: Ints) -> Ints:
        """Hash of each one's skeleton."""
        return self._each(Question.SKELETON, codes)

    def beginning(self, codes: Ints) -> Ints:
        """Hash of each one's first 32 characters, in lower case and with blanks joined."""
        return self._each(Question.BEGINNING, codes)

    def text(self, code: int) -> str | None:
        """The text itself; None for a null."""
        return self.strings.source(np.array([code]))()[0] if code >= 0 else None

    def _each(self, question: Question, codes: Ints) -> Ints:
        distinct, where = np.unique(codes, return_inverse=True)
        out = np.zeros(len(distinct), np.int64)
        for part, found in self._answers(question, distinct):
            out[part] = found
        return out[where]

    def _answers(
        self, question: Question, codes: Ints, progress: Progress | None = None
    ) -> Iterator[tuple[Ints, Answer]]:
        """Positions in ``codes`` and the answers, some at a time, in the order in which the texts are held."""
        order = np.argsort(codes, kind="stable")
        parts = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        workers = processes() if self.workers is None else self.workers
        sources = (self.strings.source(codes[part]) for part in parts)
        done = 0
        for part, found in zip(
            parts, answers(self.reader, question, sources, len(codes), workers=workers), strict=True
        ):
            yield part, found
            done += len(part)
            if progress:
                progress(done, len(codes))


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

    def vectors(self, codes: Ints, progress: Progress | None = None) -> tuple[Kept, Kept]:  # noqa: ARG002 - at once
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
            "beginning": text_hashes([beginning_of(text) for text in distinct], self.key),
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
    return hashes(texts)


def _listed(x: Kept) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1])
