"""NATS JetStream on the real server, Kafka on the library's own mock cluster."""

from __future__ import annotations

import asyncio
import os
import time
from importlib.util import find_spec
from types import SimpleNamespace
from urllib.parse import urlsplit

import msgspec
import pyarrow.parquet as pq
import pytest

from stillwatch.apps.watch.batch import Resume
from stillwatch.apps.watch.prompts import Prompts
from stillwatch.apps.watch.sources.jetstream import JetStreamSource
from stillwatch.apps.watch.sources.kafka import KafkaSource, _quiet
from stillwatch.apps.watch.sources.records import Records
from stillwatch.apps.watch.state import Limits, State
from stillwatch.errors import InputError, UsageError
from stillwatch.events.adapters.protocol import AdapterContext
from stillwatch.testing.logs import exchange


def gather():
    return Records(None, AdapterContext(hash_key=b"k" * 32))


def clock():
    return time.time_ns() // 1_000


def message(number):
    return msgspec.json.encode(exchange(number))


@pytest.fixture
def make_state(tmp_path):
    opened = []

    def make():
        for each in opened:
            each.close()
        opened.append(State(tmp_path / "state", Limits()))
        return opened[-1]

    yield make
    opened[-1].close()


def drain(source, state, *, committing=True):
    """Take all that is there; what is read and not committed is lost with the process."""
    prompts = Prompts(state.key, keep_text=False, leave_out=True, pool=None)
    accepted, rejected = 0, 0
    until = time.monotonic() + 60
    while time.monotonic() < until:
        batch = source.next(0.5)
        if batch is None:
            if source.drained():
                return accepted, rejected
            continue
        if committing:
            accepted += state.take(batch, prompts.hide(batch.table), now_us=clock()).accepted
            rejected += batch.rejects.rows
            source.done(batch)
    raise AssertionError("the source never ran dry")


def ids(state):
    return sorted(i for part in state.listed() for i in pq.read_table(part.path)["exchange_id"].to_pylist())


EXPECTED = [f"x{number:04d}" for number in range(300)]


class TestNats:
    @pytest.fixture
    def stream(self, nats_url, request):
        """A stream of its own for each test; ``publish`` sends messages to it."""
        import nats  # noqa: PLC0415 - an extra
        from nats.js.api import RetentionPolicy, StreamConfig  # noqa: PLC0415

        name = f"S{abs(hash(request.node.name)) % 10**9}"
        queued = "work_queue" in request.node.name

        async def make():
            client = await nats.connect(nats_url)
            retention = RetentionPolicy.WORK_QUEUE if queued else RetentionPolicy.LIMITS
            await client.jetstream().add_stream(StreamConfig(name=name, subjects=[f"{name}.>"], retention=retention))
            await client.close()

        async def publish(messages):
            client = await nats.connect(nats_url)
            for each in messages:
                await client.jetstream().publish(f"{name}.x", each)
            await client.close()

        asyncio.run(make())
        self.name = name
        return lambda messages: asyncio.run(publish(messages))

    def source(self, nats_url, state):
        return JetStreamSource(urlsplit(f"{nats_url}/{self.name}"), {}, state.resume(), gather, clock)

    @pytest.mark.parametrize("retention", ["limits", "work_queue"])
    def test_every_message_counts_once_over_restarts(self, stream, nats_url, make_state, retention):
        stream([message(number) for number in range(100)])
        state = make_state()
        source = self.source(nats_url, state)
        assert drain(source, state) == (100, 0)
        stream([message(number) for number in range(100, 200)])
        batch = None
        while batch is None:
            batch = source.next(1)  # read, and never committed
        source.close(failed=True)
        stream([message(number) for number in range(200, 300)])
        state = make_state()
        source = self.source(nats_url, state)
        assert drain(source, state) == (200, 0)
        source.close()
        assert ids(state) == EXPECTED

    def test_what_cannot_be_decoded_is_set_aside_and_the_rest_goes_on(self, stream, nats_url, make_state):
        stream([message(0), b"\xff\xfe", b"{}", message(1)])
        state = make_state()
        source = self.source(nats_url, state)
        assert drain(source, state) == (2, 2)
        source.close()

    def test_no_such_stream(self, nats_url):
        with pytest.raises(InputError, match="Cannot read nats:NONE"):
            JetStreamSource(urlsplit(f"{nats_url}/NONE"), {}, EMPTY, gather, clock)

    def test_an_address_without_a_stream(self, need):
        need("the extra nats", find_spec("nats") is not None)
        with pytest.raises(UsageError, match="HOST:PORT/STREAM"):
            JetStreamSource(urlsplit("nats://127.0.0.1:1"), {}, EMPTY, gather, clock)


EMPTY = Resume(positions={}, files=frozenset(), backlog=frozenset(), new=True)


class TestKafka:
    @pytest.fixture
    def producer(self, need):
        """A producer that brings a cluster of its own."""
        need("the extra kafka", find_spec("confluent_kafka") is not None)
        import confluent_kafka as library  # noqa: PLC0415 - an extra

        made = library.Producer({"test.mock.num.brokers": 1}, logger=_quiet())
        topic = f"t{os.getpid()}"
        made.produce(topic, message(0))
        assert made.flush(30) == 0
        broker = next(iter(made.list_topics(timeout=10).brokers.values()))
        return SimpleNamespace(made=made, topic=topic, place=f"{broker.host}:{broker.port}")

    def source(self, producer, state):
        return KafkaSource(urlsplit(f"kafka://{producer.place}/{producer.topic}"), {}, state.resume(), gather, clock)

    def test_every_message_counts_once_over_restarts(self, producer, make_state):
        self.send(producer, range(1, 100))
        state = make_state()
        source = self.source(producer, state)
        assert drain(source, state) == (100, 0)
        self.send(producer, range(100, 200))
        batch = None
        while batch is None:
            batch = source.next(1)
        source.close(failed=True)
        self.send(producer, range(200, 300))
        state = make_state()
        assert sum(state.resume().positions.values()) == 100
        source = self.source(producer, state)
        assert drain(source, state) == (200, 0)
        source.close()
        assert ids(state) == EXPECTED

    def test_what_cannot_be_decoded_is_set_aside_and_the_rest_goes_on(self, producer, make_state):
        for each in (b"\xff\xfe", b"", message(1)):
            producer.made.produce(producer.topic, each)
        producer.made.flush(30)
        state = make_state()
        source = self.source(producer, state)
        assert drain(source, state) == (2, 2)
        source.close()
        assert sum(state.resume().positions.values()) == 4

    def test_offsets_are_the_states_and_no_setting_changes_that(self, producer):
        with pytest.raises(UsageError, match=r"enable\.auto\.commit cannot be set"):
            KafkaSource(urlsplit(f"kafka://{producer.place}/x"), {"enable.auto.commit": "true"}, EMPTY, gather, clock)

    def test_nobody_there(self, monkeypatch, need):
        need("the extra kafka", find_spec("confluent_kafka") is not None)
        from stillwatch.apps.watch.sources import kafka as module  # noqa: PLC0415

        monkeypatch.setattr(module, "CONNECTING", 1.0)
        with pytest.raises(InputError, match="Cannot read kafka:t"):
            KafkaSource(urlsplit("kafka://127.0.0.1:9/t"), {}, EMPTY, gather, clock)

    @staticmethod
    def send(producer, numbers):
        for number in numbers:
            producer.made.produce(producer.topic, message(number))
        assert producer.made.flush(30) == 0
