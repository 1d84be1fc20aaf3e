"""Texts in a file, by number, so that a log of many millions of prompts need not be held in memory.

A text is written once per batch of rows, and found again by its number in the file. Of a text longer
than :data:`LONGEST` the beginning and the end are kept: nothing that is read from a text reads further than that.
The file is Arrow's IPC format without compression; a reader maps it for a moment and takes what it needs, so that no
pages stay with it. Whoever made the folder deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from stillwatch.errors import OutputError

Keys = npt.NDArray[np.int64]

NULL_KEY = 0
"""Key of a null; no text has it."""
HEAD, TAIL = 3000, 400
"""Characters that are kept of the beginning and the end of a long text."""
CUT = "\n[...]\n"
LONGEST = HEAD + TAIL
"""Bytes from which a text may be cut."""

_TEXTS = "texts.arrow"
_SCHEMA = pa.schema([("text", pa.large_string())])


def text_keys(texts: Iterable[bytes], count: int) -> Keys:
    """The 64-bit xxh3 of each text's UTF-8 bytes as a signed number, never :data:`NULL_KEY`."""
    found = np.fromiter(map(xxhash.xxh3_64_intdigest, texts), np.uint64, count)
    found[found == NULL_KEY] = 1
    return found.view(np.int64)


@dataclass(frozen=True)
class TextFile:
    """Texts by number; ``starts`` (batches + 1,) are the numbers at which the file's batches begin."""

    folder: Path
    starts: npt.NDArray[np.int64]

    def read(self, numbers: npt.NDArray[np.integer]) -> list[str]:
        """The texts of these numbers, in their order; quickest where the numbers ascend."""
        batch = np.searchsorted(self.starts, numbers, side="right") - 1
        order = np.argsort(batch, kind="stable")
        parts = []
        with pa.memory_map(str(self.folder / _TEXTS)) as source, pa.ipc.open_file(source) as file:
            for which in np.unique(batch):
                where = order[np.searchsorted(batch, which, sorter=order) :][: int((batch == which).sum())]
                column = file.get_batch(int(which)).column(0)
                parts.append(column.take(pa.array(numbers[where] - self.starts[which])))
        found: list[str] = pa.chunked_array(parts, _SCHEMA.field(0).type).to_pylist()
        if (order[1:] > order[:-1]).all():
            return found
        out = [""] * len(found)
        for at, text in zip(order.tolist(), found, strict=True):
            out[at] = text
        return out


@dataclass(frozen=True)
class TextStore:
    """The distinct texts of a log: ``keys`` (texts,) and ``numbers`` (texts,), where each stands in ``file``."""

    file: TextFile
    keys: pa.Array
    numbers: npt.NDArray[np.uint32]

    def places(self, keys: pa.Array) -> npt.NDArray[np.uint32]:
        """Numbers of the texts with these keys.

        Raises:
            KeyError: a key is of no text here.
        """
        if keys.equals(self.keys):
            return self.numbers
        at = pc.index_in(keys, value_set=self.keys)
        if at.null_count:
            raise KeyError("a key of no text in this store")
        return np.asarray(self.numbers[at.to_numpy()])


class TextWriter:
    """Writes texts batch by batch; a context manager, so that the files are closed."""

    def __init__(self, folder: Path) -> None:
        """Begin two files in ``folder``, which is there."""
        self._folder = folder
        try:
            self._texts = pa.OSFile(str(folder / _TEXTS), "wb")
        except OSError as error:
            raise _unwritten(folder, error) from error
        self._file = pa.ipc.new_file(self._texts, _SCHEMA)
        self._starts = [0]

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        try:
            self._file.close()
            self._texts.close()
        except OSError as error:
            raise _unwritten(self._folder, error) from error

    def add(self, column: pa.Array) -> tuple[Keys, npt.NDArray[np.uint32]]:
        """Write the distinct texts of a batch: key of each row (:data:`NULL_KEY` for null), and number of its text.

        Raises:
            OutputError: the disk is full.
        """
        coded = column.cast(pa.large_string()).dictionary_encode()
        words = coded.dictionary
        keys = text_keys(words.cast(pa.large_binary()).to_pylist(), len(words))
        begin = self._starts[-1]
        if len(words):
            try:
                self._file.write_batch(pa.record_batch([_clipped(words)], schema=_SCHEMA))
            except OSError as error:
                raise _unwritten(self._folder, error) from error
            self._starts.append(begin + len(words))
        codes = pc.fill_null(coded.indices, len(words)).to_numpy(zero_copy_only=False)
        return np.append(keys, NULL_KEY)[codes], (codes + begin).astype(np.uint32)

    def store(self, keys: pa.Array, numbers: npt.NDArray[np.uint32]) -> TextStore:
        """What was written, when the file is closed: the distinct ``keys`` that are of use, and the number of each."""
        return TextStore(TextFile(self._folder, np.array(self._starts, np.int64)), keys, numbers)


def _clipped(words: pa.Array) -> pa.Array:
    long = np.flatnonzero(pc.greater(pc.binary_length(words), LONGEST).to_numpy(zero_copy_only=False))
    if not len(long):
        return words
    texts = words.to_pylist()
    for row in long:
        text = texts[row]
        if len(text) > LONGEST:
            texts[row] = text[:HEAD] + CUT + text[-TAIL:]
    return pa.array(texts, pa.large_string())


def _unwritten(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The texts of the log cannot be written to {folder}: {error.strerror or error}.",
        hint="Free space there, or name another folder; 16 million prompts of 120 characters take 2 GB.",
    )
