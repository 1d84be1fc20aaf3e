"""Output that cannot be written, and runs that are killed: an earlier run stays, and no half of a new one is left."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.apps import run_folder
from stillwatch.errors import ExitCode

SRC = Path(__file__).parents[2] / "src"
PLAIN = "import sys\nfrom stillwatch.apps.cli.app import run\nsys.exit(run(sys.argv[1:]))"
FILES = ["campaigns.parquet", "report.html", "run.json", "verdicts.parquet"]


def contents(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()} if folder.exists() else {}


@pytest.fixture(scope="module")
def small(world, tmp_path_factory):
    """A log of few exchanges: what is tried here is the writing."""
    log = tmp_path_factory.mktemp("small") / "log.parquet"
    pq.write_table(world.exchange_table.slice(0, 300), log)
    return log


@pytest.fixture
def earlier(hunt, small, tmp_path):
    """A run folder that stands already, and its contents."""
    out = tmp_path / "runs" / "run"
    assert hunt(small, out, "--until", "2026-09-07T06:00:00Z").code == ExitCode.DONE
    return out, contents(out)


class TestFullDisk:
    @pytest.fixture(params=["verdicts", "campaigns", "report", "sync"])
    def full(self, request, monkeypatch):
        """The disk is full when this file is written."""
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        table, text = pq.write_table, Path.write_text

        def write_table(data, where, **options):
            if Path(where).stem == request.param:
                Path(where).write_bytes(b"PAR1 half")
                raise error
            table(data, where, **options)

        def write_text(path, data, **options):
            if path.stem == request.param:
                text(path, data[:100], **options)
                raise error
            return text(path, data, **options)

        def sync(_path):
            raise error

        monkeypatch.setattr(run_folder.pq, "write_table", write_table)
        monkeypatch.setattr(Path, "write_text", write_text)
        if request.param == "sync":
            monkeypatch.setattr(run_folder, "_sync", sync)

    def test_a_new_folder_is_not_made(self, full, hunt, small, tmp_path):
        ran = hunt(small, tmp_path / "runs" / "run")
        assert ran.code == ExitCode.FAILED
        assert f"cannot write the run to {ran.folder}: No space left on device" in ran.err
        assert "Free space or name another folder" in ran.err
        assert list((tmp_path / "runs").iterdir()) == []

    def test_an_earlier_run_stays(self, earlier, full, hunt, small):
        out, before = earlier
        assert hunt(small, out).code == ExitCode.FAILED
        assert contents(out) == before
        assert [each.name for each in out.parent.iterdir()] == ["run"]

    def test_a_real_limit_on_file_size(self, earlier, small):
        """Not simulated: the kernel refuses to let a file grow."""
        out, before = earlier
        limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))\n" + PLAIN
        with command(limited, "hunt", small, "--out", out) as done:
            _, said = done.communicate(timeout=120)
        assert done.returncode == ExitCode.FAILED
        assert f"cannot write the run to {out}: " in said
        assert "File too large" in said
        assert contents(out) == before
        assert [each.name for each in out.parent.iterdir()] == ["run"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSYS])
def test_a_disk_that_fails_at_the_last_step_leaves_no_mixture(earlier, hunt, small, monkeypatch, number):
    """With and without a file system that lets two folders change places."""
    out, before = earlier
    rename = Path.rename

    def refuse(_left, _right):
        raise OSError(number, os.strerror(number))

    def fail(path, target):
        if Path(target) == out or path == out:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(path, target)

    monkeypatch.setattr(run_folder, "exchange", refuse)
    monkeypatch.setattr(Path, "rename", fail)
    assert hunt(small, out).code == ExitCode.FAILED
    assert contents(out) == before
    assert [each.name for each in out.parent.iterdir()] == ["run"]


@pytest.mark.parametrize("able", [True, False])
def test_what_else_lies_in_the_folder_stays(earlier, hunt, small, monkeypatch, able):
    out, _ = earlier
    (out / "notes.txt").write_text("mine")
    if not able:
        monkeypatch.setattr(run_folder, "exchange", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSYS, "no")))
    assert hunt(small, out).code in {0, 3}
    assert (out / "notes.txt").read_text() == "mine"
    assert {each.name for each in out.iterdir()} == {*run_folder.OURS, "notes.txt"}
    assert [each.name for each in out.parent.iterdir()] == ["run"]


class TestNoPlaceToWrite:
    def test_out_is_a_file(self, hunt, small, tmp_path):
        (tmp_path / "run").write_text("mine")
        ran = hunt(small, tmp_path / "run")
        assert ran.code == ExitCode.FAILED
        assert "is a file; a run is written to a folder" in ran.err
        assert (tmp_path / "run").read_text() == "mine"

    def test_out_is_below_a_file(self, hunt, small, tmp_path):
        (tmp_path / "file").write_text("mine")
        ran = hunt(small, tmp_path / "file" / "deep" / "run")
        assert ran.code == ExitCode.FAILED
        assert "cannot write the run to" in ran.err
        assert "Traceback" not in ran.err

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_no_permission(self, hunt, small, tmp_path):
        place = tmp_path / "place"
        place.mkdir(mode=0o500)
        ran = hunt(small, place / "run")
        assert ran.code == ExitCode.FAILED
        assert "Permission denied" in ran.err

    def test_is_found_before_the_work(self, hunt, tmp_path):
        """The log is not even looked for."""
        (tmp_path / "run").write_text("mine")
        assert "is a file" in hunt(tmp_path / "no-log", tmp_path / "run").err

    def test_files_of_others_in_the_folder_stay(self, earlier, hunt, small):
        out, before = earlier
        (out / "notes.txt").write_text("mine")
        ran = hunt(small, out)
        assert ran.code == ExitCode.DONE
        after = contents(out)
        assert after.pop("notes.txt") == b"mine"
        assert sorted(after) == FILES
        assert after["verdicts.parquet"] != before["verdicts.parquet"]


STAGES = {
    "before the looks": ("stillwatch.apps.hunt", "hunt"),
    "before the report": ("stillwatch.apps.hunt", "render"),
    "when all is written and nothing moved": ("stillwatch.apps.run_folder", "_move"),
}


def command(code, *words):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )


def killed_at(stage, sent, *words):
    """Run the command until ``stage``, send the signal, and return how the process ended."""
    module, function = STAGES[stage]
    code = (
        "import sys, time\n"
        f"import {module} as module\n"
        "from stillwatch.apps.cli import app\n"
        "def stop(*args, **kwargs):\n"
        "    print('here', flush=True)\n"
        "    time.sleep(600)\n"
        f"module.{function} = stop\n"
        "sys.argv = ['stillwatch', *sys.argv[1:]]\n"
        "app.main()\n"
    )
    with command(code, *words) as done:
        try:
            assert done.stdout.readline() == "here\n"
            done.send_signal(sent)
            _, said = done.communicate(timeout=60)
        finally:
            done.kill()
    return done.returncode, said


@pytest.mark.parametrize("stage", STAGES)
class TestKilled:
    def test_without_warning_an_earlier_run_stays(self, stage, earlier, hunt, small, stillwatch):
        out, before = earlier
        assert killed_at(stage, signal.SIGKILL, "hunt", small, "--out", out)[0] == -signal.SIGKILL
        assert contents(out) == before
        left = [each.name for each in out.parent.iterdir() if each.name != "run"]
        assert all(name.startswith(".run.") for name in left)  # hidden, and no run folder by its name
        assert stillwatch("campaigns", "list", "--run", out)[0] == ExitCode.DONE
        assert hunt(small, out).code == ExitCode.DONE

    def test_without_warning_no_folder_is_made(self, stage, hunt, small, stillwatch, tmp_path):
        out = tmp_path / "runs" / "run"
        killed_at(stage, signal.SIGKILL, "hunt", small, "--out", out)
        assert not out.exists()
        assert stillwatch("campaigns", "list", "--run", out)[0] == ExitCode.USAGE
        assert hunt(small, out).code == ExitCode.DONE

    @pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
    def test_politely_nothing_at_all_is_left(self, stage, sent, small, tmp_path):
        out = tmp_path / "runs" / "run"
        code, said = killed_at(stage, sent, "hunt", small, "--out", out)
        assert code == ExitCode.INTERRUPTED
        assert "interrupted; nothing half-written was left" in said
        assert list((tmp_path / "runs").iterdir()) == []


def test_killed_at_any_moment(earlier, small, tmp_path):
    """Not at a chosen place but at chosen moments, from the start of the process to its end."""
    out, _ = earlier
    begun = time.monotonic()
    with command(PLAIN, "hunt", small, "--out", tmp_path / "other") as whole:
        whole.communicate()
    took = time.monotonic() - begun
    assert whole.returncode == ExitCode.DONE
    for part in (0.2, 0.5, 0.7, 0.8, 0.9, 1.0):
        with command(PLAIN, "hunt", small, "--out", out) as done:
            try:
                done.communicate(timeout=part * took)
            except subprocess.TimeoutExpired:
                done.kill()
        assert sorted(contents(out)) == FILES
        for table in ("verdicts.parquet", "campaigns.parquet"):
            pq.read_table(out / table)  # each file is whole, be it the old or the new one
