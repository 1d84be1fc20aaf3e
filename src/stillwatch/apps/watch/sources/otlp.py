"""OTLP over HTTP: ``/v1/logs`` and ``/v1/traces``, JSON or protobuf, plain or gzip. Needs the extra ``watch``.

A delivery is answered when its exchanges are committed, so whoever got a 200 need not send again, and whoever did not may:
exchanges that come twice are known by their ids. Where the watch cannot keep up, the answer is 429 with ``Retry-After``;
while it stops, 503. Both are what OTLP exporters repeat after (OTLP 1.5, "OTLP/HTTP Throttling").

Spans and their message events are joined where they come in one delivery.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import os
import queue
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.apps.watch.batch import Batch
from stillwatch.apps.watch.extras import needed
from stillwatch.apps.watch.gauges import Gauges
from stillwatch.apps.watch.sources.records import Records
from stillwatch.apps.watch.web import Served
from stillwatch.errors import OutputError, UsageError
from stillwatch.events.raw_records import RawRecord

LARGEST = 64 << 20
"""Bytes of a delivery, unpacked."""
WAITING = 64
"""Deliveries that may wait; a further one is told to come again."""
WAITING_BYTES = 256 << 20
TOGETHER = 5_000
"""Exchanges from which a batch is full."""
PATIENCE = 30.0
"""Seconds that a delivery waits for its commit."""
AGAIN = "2"
TOKEN = "_otlp.token"  # noqa: S105 - the name of a file
_log = logging.getLogger(__name__)
_LOOPBACK = ("127.", "localhost", "::1")
_KINDS = {
    "traces": ("trace", "ExportTraceServiceRequest", "ExportTraceServiceResponse", "rejectedSpans"),
    "logs": ("logs", "ExportLogsServiceRequest", "ExportLogsServiceResponse", "rejectedLogRecords"),
}
_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


@dataclass
class _Delivery:
    """A request that waits for its commit."""

    record: Mapping[str, object]
    size: int
    loop: asyncio.AbstractEventLoop
    committed: asyncio.Future[int]
    arrived_us: int
    aside: int = 0


@dataclass
class _Refused(Exception):
    """What a request is answered instead of being taken."""

    status: int
    why: str
    headers: dict[str, str] = field(default_factory=dict)


class OtlpSource:
    """The endpoint."""

    name = "otlp"

    def __init__(
        self,
        place: tuple[str, int],
        token: str | None,
        gather: Callable[[], Records],
        clock: Callable[[], int],
        gauges: Gauges,
    ) -> None:
        """Listen at ``place``; ``token`` is what senders have to show, None for nothing.

        Raises:
            UsageError: The place is taken, or open to the network without a token.
        """
        if token is None and not place[0].startswith(_LOOPBACK):
            raise UsageError(
                "without a token the endpoint listens on this machine alone",
                hint="Name 127.0.0.1, or leave --no-token out.",
            )
        self._token = token
        self._gather = gather
        self._clock = clock
        self._gauges = gauges
        self._queue: queue.Queue[_Delivery] = queue.Queue(WAITING)
        self._bytes = 0
        self._lock = threading.Lock()
        self._stopping = False
        self._served = Served(self._application(), place, "otlp")
        self.port = self._served.port
        self._served.start()
        _log.info("listening for OTLP", extra={"listening": f"{place[0]}:{self.port}"})

    # -- as a source

    def next(self, timeout: float) -> Batch | None:
        """Deliveries that came in meanwhile, as one batch."""
        try:
            first = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        records = self._gather()
        deliveries: list[_Delivery] = []
        waiting: _Delivery | None = first
        while waiting is not None:
            row = RawRecord(len(deliveries) + 1, waiting.record, "")
            waiting.aside = records.add([row], "otlp")
            deliveries.append(waiting)
            with self._lock:
                self._bytes -= waiting.size
            waiting = None
            if len(records) < TOGETHER:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
        read = records.read("otlp")
        return Batch(
            origin="otlp",
            table=read.table,
            seen=read.seen,
            rejects=read.rejects,
            arrived_us=deliveries[0].arrived_us,
            tickets=tuple(deliveries),
        )

    def done(self, batch: Batch) -> None:
        """Answer the senders."""
        for each in batch.tickets:
            if isinstance(each, _Delivery):
                each.loop.call_soon_threadsafe(_settle, each.committed, each.aside)

    def drained(self) -> bool:
        """Never: senders may come at any time."""
        return False

    def problem(self) -> str:
        """Nothing from outside is needed."""
        return ""

    def close(self, *, failed: bool = False) -> None:
        """Answer what is committed, refuse the rest."""
        self._stopping = True
        del failed
        self._served.stop()

    # -- as a server

    def _application(self) -> Any:
        applications, routing = needed("starlette.applications", "watch"), needed("starlette.routing", "watch")
        response = needed("starlette.responses", "watch").Response

        def endpoint(kind: str) -> Callable[[Any], Any]:
            async def take(request: Any) -> Any:
                protobuf = request.headers.get("content-type", "").partition(";")[0].strip() == _PROTOBUF
                try:
                    aside = await self._take(request, kind, protobuf=protobuf)
                    status, headers, body = 200, {}, _answer(kind, aside, protobuf=protobuf)
                except _Refused as refused:
                    status, headers = refused.status, refused.headers
                    body = _failure(refused.why, protobuf=protobuf)
                self._gauges.add("stillwatch_watch_requests_total", status=str(status))
                return response(body, status, headers, _PROTOBUF if protobuf else _JSON)

            return take

        return applications.Starlette(
            routes=[routing.Route(f"/v1/{kind}", endpoint(kind), methods=["POST"]) for kind in _KINDS]
        )

    async def _take(self, request: Any, kind: str, *, protobuf: bool) -> int:
        self._admit(request.headers.get("authorization", ""))
        body = await _body(request)
        record = await asyncio.to_thread(_decoded, body, kind, protobuf)
        loop = asyncio.get_running_loop()
        delivery = _Delivery(record, len(body), loop, loop.create_future(), self._clock())
        if not self._queued(delivery):
            raise _Refused(429, "too much is waiting; come again", {"Retry-After": AGAIN})
        until = time.monotonic() + PATIENCE
        while True:
            done, _ = await asyncio.wait({delivery.committed}, timeout=0.5)
            if done:
                return delivery.committed.result()
            if self._stopping or time.monotonic() > until:
                raise _Refused(503, "not committed in time; come again", {"Retry-After": AGAIN})

    def _queued(self, delivery: _Delivery) -> bool:
        with self._lock:
            if self._bytes + delivery.size > WAITING_BYTES:
                return False
            try:
                self._queue.put_nowait(delivery)
            except queue.Full:
                return False
            self._bytes += delivery.size
            return True

    def _admit(self, header: str) -> None:
        if self._stopping:
            raise _Refused(503, "the watch is stopping", {"Retry-After": AGAIN})
        if self._token is None:
            return
        shown = header.removeprefix("Bearer ").removeprefix("bearer ").strip()
        if not hmac.compare_digest(shown.encode("utf-8", "replace"), self._token.encode()):
            raise _Refused(401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})


def _settle(future: asyncio.Future[int], aside: int) -> None:
    if not future.done():
        future.set_result(aside)


async def _body(request: Any) -> bytes:
    """The body, unpacked, within bounds at every step."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST:
            raise _Refused(413, f"larger than {LARGEST >> 20} MiB")
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing in {"", "identity"}:
        return bytes(raw)
    if packing != "gzip":
        raise _Refused(415, "expected no packing, or gzip")
    return await asyncio.to_thread(_unpacked, bytes(raw))


def _unpacked(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(raw, LARGEST)
    except zlib.error:
        raise _Refused(400, "not gzip") from None
    if unpacker.unconsumed_tail:
        raise _Refused(413, f"larger than {LARGEST >> 20} MiB when unpacked")
    if not unpacker.eof:
        raise _Refused(400, "gzip ends early")
    return body


def _decoded(body: bytes, kind: str, protobuf: bool) -> Mapping[str, object]:  # noqa: FBT001 - called through a thread
    """A request as the JSON that the adapters read."""
    if not protobuf:
        try:
            record = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _Refused(400, "not JSON") from None
        if not isinstance(record, dict):
            raise _Refused(400, "not a JSON object")
        return record
    package, request, _, _ = _KINDS[kind]
    service = needed(f"opentelemetry.proto.collector.{package}.v1.{package}_service_pb2", "watch")
    message = getattr(service, request)()
    try:
        message.ParseFromString(body)
    except Exception:  # noqa: BLE001 - the library's own error type is not stable between its implementations
        raise _Refused(400, "not a protobuf message of this kind") from None
    record = needed("google.protobuf.json_format", "watch").MessageToDict(message)
    _name_spans(record)
    return dict(record)


def _name_spans(value: object) -> None:
    """Ids of spans in the hexadecimal that OTLP's JSON has; the library writes them in base64."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _IDS and isinstance(inner, str):
                value[name] = base64.b64decode(inner).hex()
            elif name not in {"attributes", "body"}:
                _name_spans(inner)
    elif isinstance(value, list):
        for inner in value:
            _name_spans(inner)


def _answer(kind: str, aside: int, *, protobuf: bool) -> bytes:
    """Success; what could not be used is told as OTLP's partial success, and is not to be sent again."""
    package, _, response, rejected = _KINDS[kind]
    part = {rejected: str(aside), "errorMessage": "records that could not be used were set aside"} if aside else {}
    if not protobuf:
        return msgspec.json.encode({"partialSuccess": part} if part else {})
    service = needed(f"opentelemetry.proto.collector.{package}.v1.{package}_service_pb2", "watch")
    parse = needed("google.protobuf.json_format", "watch").ParseDict
    return bytes(parse({"partialSuccess": part} if part else {}, getattr(service, response)()).SerializeToString())


def _failure(why: str, *, protobuf: bool) -> bytes:
    """A google.rpc.Status with a message, as OTLP asks."""
    if not protobuf:
        return msgspec.json.encode({"message": why})
    text = why.encode()
    return b"\x12" + bytes([len(text)]) + text  # field 2, length-delimited; all texts are shorter than 128 bytes


def token_of(given: str | None, state: Path) -> str:
    """The token that senders have to show: the one that was given, or one that is made once and kept in the state.

    Raises:
        OutputError: It cannot be kept.
    """
    if given:
        return given
    path = state / TOKEN
    try:
        if path.is_file():
            return path.read_text("ascii").strip()
        token = secrets.token_urlsafe(32)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, token.encode())
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(f"Cannot keep a token in {state}: {error.strerror}.") from error
    return token
