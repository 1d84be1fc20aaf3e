"""Texts of a log that lies on an engine: sketched where the log is, and fetched as sketches, never as texts.

    >>> from stillwatch.detect.engine_texts import Sketches
    >>> sketches = Sketches(engine)                                     # doctest: +SKIP
    >>> texts = sketches.of(keys)        # answers about the texts with these keys, by position   # doctest: +SKIP

Workers sketch (:mod:`stillwatch.detect.on_workers`). What is asked about and not yet sketched is sketched then, in one pass over the
log's prompts, so whoever asks about many texts asks about all of them at once. A text itself comes back only where it will
be shown (:meth:`EngineTexts.show`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.core.rows import ASKED, table
from stillwatch.detect.on_workers import NUMBERS, PACKED, sketch_batches
from stillwatch.detect.sketch.benchmark import BenchmarkHit
from stillwatch.detect.sketch.kept import Kept
from stillwatch.detect.texts import Bools, Ints, Progress
from stillwatch.errors import InputError

if TYPE_CHECKING:
    from stillwatch.events.engines.protocol import Engine


@dataclass
class Sketches:
    """Sketches fetched from an engine so far, in order of their keys."""

    engine: Engine
    keys: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    vectors: dict[str, Kept] = field(default_factory=dict)
    numbers: dict[str, Ints] = field(default_factory=dict)

    def of(self, keys: Ints) -> EngineTexts:
        """Answers about texts by their positions in ``keys``; every text is asked for when it is first needed."""
        return EngineTexts(self, keys)

    def rows(self, keys: Ints) -> Ints:
        """Rows of the sketches of some texts; those that are missing are fetched.

        Raises:
            InputError: the log has no text with one of the keys.
        """
        missing = np.setdiff1d(keys, self.keys)
        if len(missing):
            self._fetch(missing)
        at = np.searchsorted(self.keys, keys)
        if len(keys) and (len(self.keys) == 0 or (self.keys[np.minimum(at, len(self.keys) - 1)] != keys).any()):
            raise InputError(
                "The log has changed while it was read: a text is gone.", hint="Hunt in a copy, or when nothing writes."
            )
        return at

    def _fetch(self, missing: Ints) -> None:
        self.engine.put(ASKED, pa.table({"text": missing}))
        found = self.engine.each_text(table(ASKED, ("text",)), sketch_batches, PACKED)
        keys = np.concatenate([self.keys, found["text"].to_numpy()])
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        for name in ("content", "style"):
            fresh = _wide(found[name])
            before = self.vectors.get(name, fresh[:0])
            self.vectors[name] = np.concatenate([before, fresh])[order]
        for name in NUMBERS:
            fresh_numbers = found[name].to_numpy()
            self.numbers[name] = np.concatenate([self.numbers.get(name, fresh_numbers[:0]), fresh_numbers])[order]


def _wide(column: pa.ChunkedArray) -> Kept:
    """Vectors of a column of bytes: (rows, dimensions)."""
    whole = column.combine_chunks()
    whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
    if not len(whole):
        return np.zeros((0, 0), np.int8)
    return np.frombuffer(b"".join(whole.to_pylist()), np.int8).reshape(len(whole), -1)


@dataclass(frozen=True)
class EngineTexts:
    """Answers about the texts with some ``keys``, by position, as :class:`~stillwatch.detect.texts.Texts`."""

    sketches: Sketches
    keys: Ints
    shown: dict[int, str] = field(default_factory=dict)

    def show(self, codes: Ints) -> None:
        """Fetch some texts themselves, for :meth:`text`."""
        if not len(codes):
            return
        engine = self.sketches.engine
        engine.put(ASKED, pa.table({"text": self.keys[codes]}))
        found = engine.texts(table(ASKED, ("text",)))
        self.shown.update(zip(found["key"].to_pylist(), found["name"].to_pylist(), strict=True))

    def vectors(self, codes: Ints, progress: Progress | None = None) -> tuple[Kept, Kept]:
        """Content and style (k, 64) each, in whole 127ths."""
        rows = self.sketches.rows(self.keys[codes])
        if progress:
            progress(len(codes), len(codes))
        content, style = (self.sketches.vectors[name][rows] for name in ("content", "style"))
        return content, style

    def benchmark(self, codes: Ints) -> Bools:
        """Whether each is an item of a public benchmark (ambiguous ones are not)."""
        return np.asarray(self._number("benchmark", codes) == int(BenchmarkHit.BENCHMARK))

    def capability(self, codes: Ints) -> Ints:
        """Number of the `Capability` that each exercises."""
        return self._number("capability", codes)

    def elicitation(self, codes: Ints) -> Ints:
        """Number of the `Elicitation` of each."""
        return self._number("elicitation", codes)

    def skeleton(self, codes: Ints) -> Ints:
        """Hash of each one's skeleton."""
        return self._number("skeleton", codes)

    def beginning(self, codes: Ints) -> Ints:
        """Hash of each one's first 32 characters, in lower case and with blanks joined."""
        return self._number("beginning", codes)

    def text(self, code: int) -> str | None:
        """The text itself where it was fetched to be shown."""
        return self.shown.get(int(self.keys[code])) if code >= 0 else None

    def _number(self, name: str, codes: Ints) -> npt.NDArray[np.int64]:
        rows = self.sketches.rows(self.keys[codes])
        return np.asarray(self.sketches.numbers[name][rows], np.int64)
