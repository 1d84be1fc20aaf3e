"""Prompt vectors by account, as the published detectors see texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Embed = Callable[[Sequence[str]], Vectors]

TEXT_LIMIT = 2000
"""Characters of a prompt that are embedded; the rest adds time and no information to a mean of word vectors."""


@dataclass(frozen=True)
class Windows:
    """Prompt vectors by account: rows ``starts[i]`` to ``starts[i + 1]`` of ``vectors`` belong to ``accounts[i]``."""

    accounts: tuple[str, ...]
    starts: Ints
    vectors: Vectors

    def of(self, i: int) -> Vectors:
        """Vectors of account number ``i``, in log order; shape (n_i, d)."""
        return self.vectors[self.starts[i] : self.starts[i + 1]]

    def sizes(self) -> Ints:
        """Number of vectors of each account."""
        return np.diff(self.starts)


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length one; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)
