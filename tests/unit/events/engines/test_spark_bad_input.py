"""Spark when things go wrong: a worker dies, a file is broken, a column is missing. The same result, or a clear error."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import textwrap

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.detect.core.accounts import integer_core
from stillwatch.errors import StillwatchError
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.events.engines.spark import SparkEngine
from stillwatch.testing.engine_logs import write_awkward
from stillwatch.testing.logs import exchange, write_parquet

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def spark_is_there(need):
    there = importlib.util.find_spec("pyspark") is not None
    need("PySpark with Java", there and (shutil.which("java") is not None or "JAVA_HOME" in os.environ))


def run_apart(text, *arguments):
    """In a process of its own: a session of Spark keeps its master until the process ends."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


DYING = """
    import os, signal, subprocess, sys, threading, time
    from pathlib import Path
    from stillwatch.detect.core.accounts import integer_core
    from stillwatch.errors import StillwatchError
    from stillwatch.events.engines.spark import SparkEngine
    import pyarrow.parquet as pq

    def executors():
        listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines()
        mine = [l.split(None, 1) for l in listed if "CoarseGrainedExecutorBackend" in l and APP in l]
        return [int(pid) for pid, args in mine if "org.apache.spark.launcher" not in args]

    with SparkEngine("local-cluster[2,1,1024]", memory="1g", scratch=sys.argv[2],
                     settings={"spark.sql.shuffle.partitions": "2", "spark.executor.memory": "512m",
                               "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"]}) as engine:
        APP = engine.session.sparkContext.applicationId
        stop, killed = threading.Event(), []
        def kill():
            while not stop.wait(0.2) and not killed:
                for pid in executors()[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
        def tasks():
            return sum(s.numActiveTasks for s in map(engine.session.sparkContext.statusTracker().getStageInfo,
                       engine.session.sparkContext.statusTracker().getActiveStageIds()) if s)
        def watch():
            while not stop.wait(0.05):
                if tasks():
                    kill()
                    return
        thread = threading.Thread(target=watch)
        thread.start()
        try:
            engine.load(sys.argv[1])
            found = engine.run(integer_core()).sort_by("account")
            pq.write_table(found, sys.argv[3])
            said = "finished"
        except StillwatchError as error:
            said = "stopped: " + error.message
        stop.set(); thread.join()
    print(len(killed), said)
"""


def test_an_executor_that_dies_changes_nothing(tmp_path):
    folder = write_awkward(tmp_path / "log", files=6)
    said = run_apart(DYING, folder / "exchanges", tmp_path / "scratch", tmp_path / "sums.parquet")
    killed, outcome = said.strip().splitlines()[-1].split(" ", 1)
    assert int(killed) >= 1, said
    if outcome != "finished":  # allowed, but only in so many words
        assert outcome.startswith("stopped: Spark gave up"), outcome
        return
    with DuckEngine(memory="500MB", threads=1, folder=tmp_path) as engine:
        engine.load(folder / "exchanges")
        expected = engine.run(integer_core(), by_account=True).sort_by("account")
    assert pq.read_table(tmp_path / "sums.parquet").equals(expected.combine_chunks())


class TestInOneSession:
    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls):
        with SparkEngine("local[1]", memory="1g", settings={"spark.sql.shuffle.partitions": "1"}) as begun:
            yield begun

    def test_a_broken_file_stops_it_with_its_name(self, engine, tmp_path):
        write_parquet(tmp_path / "good.parquet", [exchange(i) for i in range(5)])
        raw = (tmp_path / "good.parquet").read_bytes()
        (tmp_path / "broken.parquet").write_bytes(raw[:200] + bytes(200) + raw[400:])
        with pytest.raises(StillwatchError, match=r"broken.parquet"):
            engine.load(tmp_path)

    def test_missing_columns_are_named(self, engine, tmp_path):
        pq.write_table(pa.table({"exchange_id": ["x"]}), tmp_path / "a.parquet")
        with pytest.raises(StillwatchError, match="account_id"):
            engine.load(tmp_path)

    def test_nothing_there(self, engine, tmp_path):
        with pytest.raises(StillwatchError, match="Spark cannot read"):
            engine.load(tmp_path / "nothing")

    def test_a_cluster_needs_a_scratch_place(self):
        with pytest.raises(StillwatchError, match="place for canonical rows"):
            SparkEngine("spark://127.0.0.1:1")
