"""Real services on free ports, and watches as processes of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from stillwatch.testing.worlds import make_world

SRC = Path(__file__).parents[3] / "src"
MAIN = "import sys; from stillwatch.apps.cli.app import main; main()"


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory, need):
    """A NATS server with JetStream."""
    program = shutil.which("nats-server")
    need("nats-server", program is not None)
    need("the extra nats", find_spec("nats") is not None)
    port = free_port()
    process = subprocess.Popen(
        [program, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", tmp_path_factory.mktemp("nats")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"nats://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def small():
    """Sixty people and a campaign of twenty accounts, four days."""
    return make_world(people=60, members=20, days=4, per_day=7)


@pytest.fixture
def watch(tmp_path):
    """Starts a watch as a process of its own; killed at the end of the test."""
    running = []

    def start(source, *words, state=None):
        process = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", "-c", MAIN, "watch", str(source), "--state", state or tmp_path / "state", *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(SRC)},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            encoding="utf-8",
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()
