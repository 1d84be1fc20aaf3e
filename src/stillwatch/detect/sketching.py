"""Reading texts: what is asked about them, answered for many at a time, by several processes where there is enough to do.

An answer depends on its text alone, so chunks may be read anywhere and come back in order. Processes are spawned, not
forked, and end with the process that began them. Where none can be begun (a script without a main guard), this process
reads everything itself.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch._internal.parent import die_with_parent
from stillwatch.detect.sketch.benchmark import BenchmarkMatcher
from stillwatch.detect.sketch.capability import CapabilityClassifier
from stillwatch.detect.sketch.elicitation import elicitations
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.kept import kept
from stillwatch.detect.sketch.skeleton import skeletons
from stillwatch.detect.sketch.style import style_vectors
from stillwatch.events.text_store import text_keys

Answer = npt.NDArray[Any]
Source = Callable[[], list[str]]
"""Gives some texts; can be sent to another process."""

CHUNK = 25_000
"""Texts that are read at a time."""
ENOUGH = 50_000
"""Texts from which other processes help: they take about a second to begin."""
BEGINNING = 32
"""Characters by which two texts count as filled into one popular template."""


class Question(StrEnum):
    """What is asked about texts."""

    VECTORS = "vectors"
    BENCHMARK = "benchmark"
    CAPABILITY = "capability"
    ELICITATION = "elicitation"
    SKELETON = "skeleton"
    BEGINNING = "beginning"


@dataclass(frozen=True)
class Reader:
    """Answers questions about texts. Tables are loaded when first needed, where they are not given."""

    embedding: StaticEmbedding | None = None
    matcher: BenchmarkMatcher | None = None

    @cached_property
    def _embedding(self) -> StaticEmbedding:
        return StaticEmbedding.load() if self.embedding is None else self.embedding

    @cached_property
    def _matcher(self) -> BenchmarkMatcher:
        return BenchmarkMatcher.load() if self.matcher is None else self.matcher

    @cached_property
    def _classifier(self) -> CapabilityClassifier:
        return CapabilityClassifier.load(self._embedding)

    @property
    def dimensions(self) -> int:
        """Numbers in a content vector."""
        return self._embedding.dimensions

    def answer(self, question: Question, texts: list[str]) -> Answer:
        """An answer per text; of vectors content and style side by side, in whole 127ths."""
        match question:
            case Question.VECTORS:
                return np.hstack([kept(self._embedding.encode(texts)), kept(style_vectors(texts))])
            case Question.BENCHMARK:
                return self._matcher.match(texts, ambiguous=False)
            case Question.CAPABILITY:
                return self._classifier.classify(texts)
            case Question.ELICITATION:
                return elicitations(texts)
            case Question.SKELETON:
                return hashes(skeletons(texts))
            case Question.BEGINNING:
                return beginnings(texts)


def hashes(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """The key of each text (:func:`text_keys`)."""
    return text_keys((text.encode("utf-8", "surrogatepass") for text in texts), len(texts))


def beginning_of(text: str) -> str:
    """The first :data:`BEGINNING` characters, in lower case and with blanks joined."""
    return " ".join(text[:BEGINNING].lower().split())


def beginnings(texts: list[str]) -> npt.NDArray[np.int64]:
    """Hash of each text's beginning."""
    return hashes([beginning_of(text) for text in texts])


def processes() -> int:
    """How many processes may read: the cores this one may use, or one where it cannot begin others."""
    if getattr(sys, "frozen", False):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def answers(
    reader: Reader, question: Question, sources: Iterable[Source], count: int, *, workers: int
) -> Iterator[Answer]:
    """The answers about each source's texts, in order. ``count``: of all texts; below :data:`ENOUGH` no process helps."""
    if workers <= 1 or count < ENOUGH:
        for source in sources:
            yield reader.answer(question, source())
        return
    done = 0
    sources = list(sources)
    try:
        for found in _helped(reader, question, sources, workers):
            done += 1
            yield found
    except BrokenProcessPool:  # none could be begun, or one was killed: go on alone
        for source in sources[done:]:
            yield reader.answer(question, source())


def _helped(reader: Reader, question: Question, sources: list[Source], workers: int) -> Iterator[Answer]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _adopt, (reader.embedding, reader.matcher, os.getpid())) as pool:
        waiting: deque[Future[Answer]] = deque()
        try:
            for source in sources:
                waiting.append(pool.submit(_read, question, source))
                if len(waiting) > 2 * workers:  # answers must not pile up where whoever asked is behind
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_READERS: list[Reader] = []
"""The reader of a process that helps; nowhere else is it filled."""


def _adopt(embedding: StaticEmbedding | None, matcher: BenchmarkMatcher | None, parent: int) -> None:
    die_with_parent(parent)
    _READERS.append(Reader(embedding, matcher))


def _read(question: Question, source: Source) -> Answer:
    return _READERS[0].answer(question, source())
