"""Static embedding of texts: what they are about, at some 100,000 texts a second and without torch.

A text's vector is the sum of the vectors of its word pieces, brought to length 1 (Model2Vec; the table is MiniLM
distilled, see ``tools/distill_table.py``). Model2Vec walks each text through a tokeniser; here each *distinct word* is
cut into pieces once and texts are one sparse matrix product, which is several times faster and gives the same
vectors (a test compares the two).

Words are cut by ``words.py``.
"""

from __future__ import annotations

from importlib import resources
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from stillwatch.detect.sketch.words import cut
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

Vectors = npt.NDArray[np.float32]

_CHUNK = 8192
_MAX_WORDS = 400_000
_MAX_WORD_CHARACTERS = 100
_UNKNOWN = "[UNK]"


class _Numbering(dict[str, int]):
    """Gives each word the next free number when it is first asked for."""

    def __missing__(self, word: str) -> int:
        number = len(self)
        self[word] = number
        return number


class StaticEmbedding:
    """Word-piece vectors and the arithmetic that turns texts into unit vectors."""

    def __init__(self, pieces: Sequence[str], vectors: npt.NDArray[np.int8] | Vectors) -> None:
        """Take the word pieces and one vector for each.

        Raises:
            ConfigurationError: when the two do not belong together.
        """
        if vectors.ndim != 2 or len(pieces) != len(vectors):
            raise ConfigurationError(
                f"expected one vector for each of {len(pieces)} word pieces, found shape {vectors.shape}",
                hint="rebuild the table with tools/distill_table.py",
            )
        self._piece_rows = {piece: row for row, piece in enumerate(pieces) if piece != _UNKNOWN}
        self._vectors = vectors.astype(np.float32)

    @classmethod
    def load(cls) -> StaticEmbedding:
        """Load the table that ships with the package.

        Raises:
            ConfigurationError: when the installation lacks it.
        """
        folder = resources.files(__package__).joinpath("table")
        try:
            pieces = folder.joinpath("vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]
            with folder.joinpath("vectors.npy").open("rb") as file:
                vectors = np.load(file, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the embedding table cannot be read: {error}", hint="install stillwatch again; the table is part of it"
            ) from error
        return cls(pieces, vectors)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def pieces_of(self, word: str) -> list[int]:
        """Rows of a word's pieces, longest match first (WordPiece); empty when it has none."""
        whole = self._piece_rows.get(word)
        if whole is not None:
            return [whole]
        if len(word) > _MAX_WORD_CHARACTERS:
            return []
        rows: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                row = self._piece_rows.get(prefix + word[start:end])
                if row is not None:
                    rows.append(row)
                    start = end
                    break
            else:
                return []
        return rows

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; deterministic, and each row independent of the other texts.

        Returns:
            float32, texts x dimensions; rows have length 1, or are zero for a text without known words.
        """
        out = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        numbering = _Numbering()
        word_vectors = np.zeros((0, self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            if len(numbering) > _MAX_WORDS:
                numbering = _Numbering()
                word_vectors = word_vectors[:0]
            for words in cut(texts[start : start + _CHUNK]):
                rows = np.fromiter(map(numbering.__getitem__, words.distinct), np.int32, len(words.distinct))
                new = list(islice(numbering, len(word_vectors), None))
                word_vectors = np.vstack([word_vectors, self._word_vectors(new)])
                ones = np.ones(len(words.numbers), dtype=np.float32)
                counts = sp.csr_matrix(
                    (ones, rows[words.numbers], words.bounds), shape=(len(words.rows), len(word_vectors))
                )
                out[start + words.rows] = counts @ word_vectors
        norms = np.sqrt(np.einsum("ij,ij->i", out, out))
        np.divide(out, norms[:, None], out=out, where=norms[:, None] > 0)
        return out

    def _word_vectors(self, words: Sequence[str]) -> Vectors:
        """Sum of the piece vectors of each word."""
        rows = [self.pieces_of(word) for word in words]
        flat = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
        bounds = np.concatenate([[0], np.cumsum([len(r) for r in rows], dtype=np.int64)])
        shape = (len(words), len(self._vectors))
        return np.asarray(
            sp.csr_matrix((np.ones(len(flat), dtype=np.float32), flat, bounds), shape=shape) @ self._vectors
        )
