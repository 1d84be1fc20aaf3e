"""Kafka: messages of one topic, each a record or one on each line. Needs the extra ``kafka``.

``kafka://HOST:PORT/TOPIC``. All partitions are read by this watch, from the offsets that its state holds: they are committed in
the state's transaction and nowhere else, so that rows and offsets cannot part. Partitions that are added later are found.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult

from stillwatch.apps.watch.batch import Batch, Resume
from stillwatch.apps.watch.extras import needed
from stillwatch.apps.watch.sources.records import Records
from stillwatch.errors import InputError, UsageError

TOGETHER = 5_000
"""Messages of a batch, at most."""
LINGER = 0.2
"""Seconds that a batch may take to fill."""
CONNECTING = 10.0
REFRESH = 60.0
"""Seconds between looks for new partitions."""
QUEUED_KIB = 65_536
"""Memory for messages that were fetched and not taken."""
_OURS = frozenset({"enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof", "group.id"})


class KafkaSource:
    """One topic."""

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
            settings: Further settings of librdkafka, such as those of authentication.
            resume: Where to go on.
            gather: Makes what gathers records.
            clock: Microseconds since 1970.

        Raises:
            UsageError: The address names no topic, a setting is ours, or the library is not installed.
            InputError: The brokers or the topic are not there.
        """
        self._library = needed("confluent_kafka", "kafka")
        self._topic = parts.path.strip("/")
        if not self._topic or not parts.netloc:
            raise UsageError("expected kafka://HOST:PORT/TOPIC", hint="for example kafka://127.0.0.1:9092/exchanges")
        taken = _OURS & settings.keys()
        if taken:
            raise UsageError(f"{', '.join(sorted(taken))} cannot be set: offsets are the state's", hint="leave it out")
        self.name = f"kafka:{self._topic}"
        self._gather = gather
        self._clock = clock
        self._places = {
            int(key.rpartition("/")[2]): place
            for key, place in resume.positions.items()
            if key.startswith(f"kafka/{self._topic}/")
        }
        self._assigned: set[int] = set()
        self._ended: set[int] = set()
        self._problem = ""
        self._refreshed = 0.0
        self._consumer = self._library.Consumer(
            {
                "bootstrap.servers": parts.netloc,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": QUEUED_KIB,
                **settings,
                "group.id": "stillwatch-watch",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "error_cb": self._erred,
            },
            logger=_quiet(),
        )
        self._refresh(first=True)

    def next(self, timeout: float) -> Batch | None:
        """Messages that came in meanwhile, as one batch."""
        if time.monotonic() - self._refreshed > REFRESH:
            self._refresh()
        until = time.monotonic() + timeout
        messages = self._consume(timeout)
        arrived = self._clock()
        until = min(until, time.monotonic() + LINGER)
        while messages and len(messages) < TOGETHER and (left := until - time.monotonic()) > 0:
            more = self._consume(left)
            if not more:
                break
            messages += more
        if not messages:
            return None
        records = self._gather()
        for message in messages:
            partition, offset = int(message.partition()), int(message.offset())
            self._places[partition] = offset + 1
            records.add_bytes(message.value() or b"", f"{self.name}/{partition}", offset)
        read = records.read(self.name)
        return Batch(
            origin=self.name,
            table=read.table,
            seen=read.seen,
            rejects=read.rejects,
            positions={f"kafka/{self._topic}/{partition}": place for partition, place in self._places.items()},
            arrived_us=arrived,
        )

    def done(self, batch: Batch) -> None:
        """Nothing is owed: the offsets are the state's."""

    def drained(self) -> bool:
        """Whether the end of every partition was met."""
        return bool(self._assigned) and self._ended >= self._assigned

    def problem(self) -> str:
        """What the library reported last."""
        return self._problem

    def close(self, *, failed: bool = False) -> None:
        """Let go of the brokers."""
        del failed
        self._consumer.close()

    def _consume(self, timeout: float) -> list[Any]:
        found = []
        for message in self._consumer.consume(TOGETHER, max(timeout, 0)):
            error = message.error()
            if error is None:
                found.append(message)
                self._ended.discard(int(message.partition()))
                self._problem = ""
            elif error.code() == self._library.KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._ended.add(int(message.partition()))
                self._problem = ""
            else:
                self._problem = f"Kafka: {error.name()}"
        return found

    def _refresh(self, *, first: bool = False) -> None:
        """Read all partitions of the topic, known ones where they stand."""
        self._refreshed = time.monotonic()
        try:
            topic = self._consumer.list_topics(self._topic, timeout=CONNECTING).topics[self._topic]
            problem = topic.error
        except self._library.KafkaException as error:
            problem = error.args[0]
        if problem is not None:
            if not first:
                return
            self._consumer.close()
            raise InputError(
                f"Cannot read {self.name}: {problem.name()}.",
                hint="Check that the brokers run, that the topic is there, and the settings in --source-settings.",
            )
        partitions = set(topic.partitions)
        if partitions == self._assigned:
            return
        begin = self._library.OFFSET_BEGINNING
        self._consumer.assign(
            [
                self._library.TopicPartition(self._topic, number, self._places.get(number, begin))
                for number in sorted(partitions)
            ]
        )
        self._assigned, self._ended = partitions, set()

    def _erred(self, error: Any) -> None:
        self._problem = f"Kafka: {error.name()}"


def _quiet() -> logging.Logger:
    """The library's own log lines hold addresses of machines; problems show elsewhere."""
    logger = logging.getLogger(f"{__name__}.librdkafka")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
