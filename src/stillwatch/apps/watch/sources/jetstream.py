"""NATS JetStream: messages of one stream, each a record or one on each line. Needs the extra ``nats``.

``nats://HOST:PORT/STREAM``, with ``?subject=`` for a part of it. The place is the stream's sequence number, kept in the state's
transaction; messages are acknowledged after it. Each run makes its consumer anew, right after that place, so that no redelivery
of an earlier run can come after newer messages and be taken for known. Of a work-queue stream, what is left is what was not
acknowledged, and sequence numbers tell what is known.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, parse_qs

from stillwatch.apps.watch.batch import Batch, Resume
from stillwatch.apps.watch.extras import needed
from stillwatch.apps.watch.sources.records import Records
from stillwatch.errors import InputError, UsageError

TOGETHER = 5_000
"""Messages of a batch, at most."""
FETCH = 1_000
UNDER_WAY = 20_000
"""Messages that may be under way without an acknowledgement."""
ACK_WAIT = 600.0
"""Seconds after which the server sends a message again."""
CONNECTING = 5.0
STOPPING = 5.0


class JetStreamSource:
    """One stream, read by one consumer."""

    def __init__(
        self,
        parts: SplitResult,
        settings: Mapping[str, str],
        resume: Resume,
        gather: Callable[[], Records],
        clock: Callable[[], int],
    ) -> None:
        """Connect.

        Args:
            parts: The address.
            settings: ``token``, ``user``, ``password`` or ``credentials`` (a file) for the server.
            resume: Where to go on.
            gather: Makes what gathers records.
            clock: Microseconds since 1970.

        Raises:
            UsageError: The address names no stream, or the library is not installed.
            InputError: The server or the stream is not there.
        """
        self._library = needed("nats", "nats")
        self._stream = parts.path.strip("/")
        if not self._stream or not parts.hostname:
            raise UsageError("expected nats://HOST:PORT/STREAM", hint="for example nats://127.0.0.1:4222/EXCHANGES")
        self.name = f"nats:{self._stream}"
        self._key = f"nats/{self._stream}"
        self._subject = next(iter(parse_qs(parts.query).get("subject", [])), None)
        self._server = f"nats://{parts.hostname}:{parts.port or 4222}"
        self._login = _login(settings)
        self._consumer = f"stillwatch-{resume.name}"
        self._next = resume.positions.get(self._key, 0)
        self._committed = self._next
        self._gather = gather
        self._clock = clock
        self._queue: queue.Queue[Any] = queue.Queue(TOGETHER)
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._problem = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self.name, daemon=True)
        self._thread.start()
        self._client: Any = None
        try:
            self._call(self._connect()).result(CONNECTING * 3)
        except Exception as error:
            self.close()
            raise InputError(
                f"Cannot read {self.name} at {self._server}: {type(error).__name__}.",
                hint="Check that the server runs, that the stream is there, and the credentials in --source-settings.",
            ) from error
        self._fetching = self._call(self._fetch())

    # -- as a source

    def next(self, timeout: float) -> Batch | None:
        """Messages that came in meanwhile, as one batch."""
        messages = []
        try:
            messages.append(self._queue.get(timeout=timeout))
            while len(messages) < TOGETHER:
                messages.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        if not messages:
            return None
        arrived, records, known = self._clock(), self._gather(), []
        taken = []
        for message in messages:
            sequence = int(message.metadata.sequence.stream)
            if sequence < self._next:
                if sequence < self._committed:
                    known.append(message)
                continue
            self._next = sequence + 1
            taken.append(message)
            records.add_bytes(message.data, self.name, sequence)
        if known:
            self._acknowledge(known)
        if not taken:
            return None
        read = records.read(self.name)
        return Batch(
            origin=self.name,
            table=read.table,
            seen=read.seen,
            rejects=read.rejects,
            positions={self._key: self._next},
            arrived_us=arrived,
            tickets=tuple(taken),
        )

    def done(self, batch: Batch) -> None:
        """Acknowledge."""
        self._committed = batch.positions[self._key]
        self._acknowledge(batch.tickets)

    def drained(self) -> bool:
        """Whether the server had nothing further."""
        return self._idle.is_set() and self._queue.empty()

    def problem(self) -> str:
        """Not connected."""
        if self._client is None or not self._client.is_connected:
            return "not connected to the NATS server"
        return self._problem

    def close(self, *, failed: bool = False) -> None:
        """Let go of the server."""
        del failed
        self._stop.set()
        with suppress(Exception):
            self._call(self._leave()).result(STOPPING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOPPING)
        if not self._thread.is_alive():
            self._loop.close()

    # -- in the loop's thread

    def _call(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop)

    def _acknowledge(self, messages: Any) -> None:
        async def all_of_them() -> None:
            for each in messages:
                with suppress(Exception):  # one that is lost is sent again, and known by its number
                    await each.ack()

        with suppress(Exception):
            self._call(all_of_them()).result(CONNECTING)

    async def _connect(self) -> None:
        async def quiet(_error: Exception) -> None:
            """Problems show in :meth:`problem`, not on standard error."""

        self._client = await self._library.connect(
            self._server,
            connect_timeout=CONNECTING,
            max_reconnect_attempts=-1,
            allow_reconnect=True,
            error_cb=quiet,
            **self._login,
        )
        stream = self._client.jetstream()
        info = await stream.stream_info(self._stream)
        api = needed("nats.js.api", "nats")
        with suppress(needed("nats.js.errors", "nats").NotFoundError):
            await stream.delete_consumer(self._stream, self._consumer)
        queued = info.config.retention == api.RetentionPolicy.WORK_QUEUE
        if info.state.last_seq < self._next - 1:  # the stream was made anew; ids tell what is known
            self._next = self._committed = 0
        start = max(self._next, 1)
        settings = api.ConsumerConfig(
            durable_name=self._consumer,
            deliver_policy=api.DeliverPolicy.ALL if queued else api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=None if queued else start,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_ack_pending=UNDER_WAY,
            filter_subject=self._subject,
        )
        await stream.add_consumer(self._stream, settings)
        self._pull = await stream.pull_subscribe_bind(durable=self._consumer, stream=self._stream)

    async def _leave(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if self._client is not None:
            with suppress(Exception):
                await self._client.close()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _fetch(self) -> None:
        """Fill the queue; while it is full nothing is asked for."""
        while not self._stop.is_set():
            room = TOGETHER - self._queue.qsize()
            if room <= 0:
                await asyncio.sleep(0.02)
                continue
            try:
                messages = await self._pull.fetch(min(room, FETCH), timeout=0.5)
            except TimeoutError:
                self._idle.set()
                continue
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a broken connection mends itself; what it is called shows
                self._problem = f"cannot fetch: {type(error).__name__}"
                await asyncio.sleep(1)
                continue
            self._problem = ""
            self._idle.clear()
            for message in messages:
                self._queue.put_nowait(message)


def _login(settings: Mapping[str, str]) -> dict[str, str]:
    names = {"token": "token", "user": "user", "password": "password", "credentials": "user_credentials"}
    unknown = settings.keys() - names.keys()
    if unknown:
        raise UsageError(
            f"expected {', '.join(names)} in --source-settings, found {', '.join(sorted(unknown))}",
            hint="one name=value a line",
        )
    return {names[name]: value for name, value in settings.items()}
