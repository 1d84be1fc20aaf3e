"""The detector in a process of its own, so that intake does not wait for it: at most one look at a time.

The pipe carries one question and one answer. A process that dies is begun anew and told all partitions again; what it would
have said is said by the next look.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from stillwatch import __version__
from stillwatch._internal.parent import die_with_parent
from stillwatch._internal.times import moment
from stillwatch.apps.report.render import render
from stillwatch.apps.run_folder import write_run
from stillwatch.apps.watch.changes import Found
from stillwatch.apps.watch.compaction import Merged
from stillwatch.apps.watch.detector import Detector, Look, Looked, Looking, Rehunt
from stillwatch.apps.watch.partitions import Partition
from stillwatch.campaigns.model import HuntResult, LogSummary, RejectCount
from stillwatch.errors import OutputError, StillwatchError

STOPPING = 5.0
"""Seconds that the process has to end by itself."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked: partitions that are new to it or were put together, a look, and what was set aside."""

    partitions: tuple[Partition, ...]
    merged: tuple[Merged, ...] = ()
    look: Look
    asides: dict[str, int] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a look found: ``upto``, the last partition it knew; or ``problem``, why there was none.

    ``unwritten`` says why the run folder could not be written; what was found counts all the same.
    """

    upto: int = 0
    found: Found = Found(campaigns=(), verdicts=())
    accounts: int = 0
    exchanges: int = 0
    seconds: float = 0.0
    unwritten: str = ""
    problem: str = ""
    hint: str = ""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How the process is begun."""

    looking: Looking
    out: str | None = None
    settings: dict[str, str] = {}


Maker = Callable[[Looking], Detector]


class Worker:
    """The process, seen from outside."""

    def __init__(self, setup: Setup, maker: Maker = Rehunt) -> None:
        """Nothing runs until the first question."""
        self._setup = setup
        self._maker = maker
        self._context = get_context("spawn")
        self._pipe: Connection | None = None
        self._process: object | None = None
        self.told = 0
        self.busy = False

    def ask(self, question: Question) -> None:
        """Ask for a look; the answer is had from :meth:`answer`. Not while another is under way."""
        if self._pipe is None:
            self._begin()
        assert self._pipe is not None
        self._pipe.send_bytes(msgspec.msgpack.encode(question))
        self.told = question.partitions[-1].number if question.partitions else self.told
        self.busy = True

    def answer(self, timeout: float) -> Answer | None:
        """The answer, if it comes within ``timeout`` seconds. A process that died answers with a problem."""
        if self._pipe is None or not self.busy:
            return None
        try:
            if not self._pipe.poll(timeout):
                return None
            answer = msgspec.msgpack.decode(self._pipe.recv_bytes(), type=Answer)
        except (EOFError, OSError):
            self.stop()
            return Answer(problem="the detecting process ended unexpectedly")
        self.busy = False
        return answer

    def restart(self) -> None:
        """End the process; the next question begins another, which has to be told everything."""
        self.stop()

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._pipe is not None:
            self._pipe.close()
        process, self._process, self._pipe = self._process, None, None
        self.busy, self.told = False, 0
        if process is not None:
            process.terminate()  # type: ignore[attr-defined]
            process.join(STOPPING)  # type: ignore[attr-defined]

    def _begin(self) -> None:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=run, args=(there, self._setup, self._maker, os.getpid()), name="stillwatch-detector"
        )
        process.start()
        there.close()
        self._pipe, self._process, self.told = here, process, 0


def run(pipe: Connection, setup: Setup, maker: Maker, parent: int) -> None:
    """The process: answer questions until the pipe is closed."""
    die_with_parent(parent)
    detector = maker(setup.looking)
    upto = 0
    while True:
        try:
            question = msgspec.msgpack.decode(pipe.recv_bytes(), type=Question)
        except EOFError:
            return
        for merged in question.merged:
            detector.merged(merged)
        for partition in question.partitions:
            detector.absorb(partition)
            upto = partition.number
        pipe.send_bytes(msgspec.msgpack.encode(answered(detector, question, setup, upto)))


def answered(detector: Detector, question: Question, setup: Setup, upto: int) -> Answer:
    """One look, and the run folder where one is kept."""
    begun = time.perf_counter()
    unwritten = ""
    try:
        looked = detector.look(question.look)
    except StillwatchError as error:
        return Answer(problem=error.message, hint=error.hint)
    try:
        if setup.out is not None:
            result = result_of(looked, setup, question)
            write_run(result, Path(setup.out), report_html=render(result))
    except OutputError as error:
        unwritten = error.message
    hunted = looked.hunted
    earlier = {name for _, accounts in question.look.earlier for name in accounts}
    told = tuple(v for v in hunted.verdicts if v.flagged or v.account_id in earlier)
    return Answer(
        upto=upto,
        found=Found(
            campaigns=tuple(msgspec.structs.replace(c, edges=(), examples=()) for c in hunted.campaigns), verdicts=told
        ),
        accounts=len(looked.log.accounts),
        exchanges=len(looked.log),
        seconds=round(time.perf_counter() - begun, 3),
        unwritten=unwritten,
    )


def result_of(looked: Looked, setup: Setup, question: Question) -> HuntResult:
    """A look as the run that a batch hunt would write."""
    log, hunted = looked.log, looked.hunted
    return HuntResult(
        version=__version__,
        log=LogSummary(
            exchanges=len(log),
            accounts=len(log.accounts),
            parties=log.parties,
            first=moment(int(log.ts[0])) if len(log) else None,
            last=moment(int(log.ts[-1])) if len(log) else None,
            with_text=log.with_text,
        ),
        guarantee=hunted.guarantee,
        campaigns=hunted.campaigns,
        near=hunted.near,
        verdicts=hunted.verdicts,
        rejected=tuple(RejectCount("", "", reason, rows) for reason, rows in question.asides.items()),
        settings=setup.settings,
        seconds=hunted.seconds,
    )
