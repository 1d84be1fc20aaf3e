"""Figures of ``stillwatch watch``: ``python -m benchmarks.watch PART ... --log EXCHANGES --accounts ACCOUNTS``.

* ``kills``: a cut of the log arrives in files while the watch is killed (SIGKILL) at random moments. Verdicts at the end must
  be those of a watch that nobody disturbed, and the changes it wrote must add up to them, each with an id of its own.
* ``intake``: exchanges a second from files to committed rows, and seconds to take in a minute file of 100,000 rows after a
  short history and after a long one (``--history``: a folder of exchanges); with prompts sketched, and with metadata alone.
* ``latency``: files arrive every second; how long from a file's arrival to the look that knew it.

Each part adds its figures to ``benchmarks/results/watch.json``, with the machine and its load: on a shared machine times are
upper bounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.apps.watch.batch import ROWS

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks/results/watch.json"
MAIN = "import sys; from stillwatch.apps.cli.app import main; main()"
MINUTE_ROWS = 100_000
Line = dict[str, Any]


def command(*words: object) -> list[str]:
    """A watch as a process."""
    return [sys.executable, "-c", MAIN, "watch", *map(str, words)]


def begun(words: list[str]) -> subprocess.Popen[bytes]:
    """A process whose log can be read."""
    return subprocess.Popen(  # noqa: S603 - this package
        words, env=environment(), stderr=subprocess.PIPE, start_new_session=True
    )


def environment() -> dict[str, str]:
    """The package from this checkout, one thread for linear algebra."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def drop(table: pa.Table, folder: Path, name: str) -> None:
    """Put rows into the folder as a file that is whole at once."""
    partial = folder / f".{name}.tmp"
    pq.write_table(table, partial, compression="zstd", compression_level=1)
    partial.rename(folder / name)


def watched(folder: Path, state: Path, *more: object) -> list[Line]:
    """Run a watch once over what is there; its log."""
    done = subprocess.run(  # noqa: S603 - this package
        command(folder, "--state", state, "--once", *more), env=environment(), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    return [msgspec.json.decode(line) for line in done.stderr.splitlines()]


def columns_of(log: Path) -> pa.Table:
    """The columns of a log that a watch reads, and no others: a file has more, and they are not read."""
    there = set(pq.ParquetFile(log).schema_arrow.names)
    return pq.read_table(log, columns=[name for name in ROWS.names if name in there]).sort_by("ts")


# -- kills


def cut(table: pa.Table, truth: Path | None, rows: int) -> pa.Table:
    """A part of the log of about ``rows`` rows. With the truth: whole accounts, small campaigns first, up to half of it."""
    if truth is None:
        return table.slice(0, rows)
    counts: dict[str, int] = {}
    for each in pc.value_counts(table["account_id"].combine_chunks()).to_pylist():
        counts[each["values"]] = each["counts"]
    known = {row["account_id"]: row["campaign"] for row in pq.read_table(truth).to_pylist()}
    sizes: dict[str, int] = {}
    for account, campaign in known.items():
        if campaign is not None:
            sizes[campaign] = sizes.get(campaign, 0) + counts.get(account, 0)
    left, chosen = rows // 2, set()
    for campaign in sorted(sizes, key=lambda name: (sizes[name], name)):
        if sizes[campaign] <= left:
            chosen.add(campaign)
            left -= sizes[campaign]
    accounts = [account for account, campaign in known.items() if campaign in chosen]
    left += rows - rows // 2
    honest = sorted(
        (a for a, c in known.items() if c is None), key=lambda a: blake2b(a.encode(), digest_size=8).digest()
    )
    for account in honest:
        if counts.get(account, 0) <= left:
            accounts.append(account)
            left -= counts.get(account, 0)
    return table.filter(pc.is_in(table["account_id"], value_set=pa.array(accounts, table["account_id"].type)))


def kills(log: Path, accounts: Path, truth: Path | None, *, rows: int, number: int, within: float, seed: int) -> Line:
    """Kill a watch at random moments; compare what it says at the end with an undisturbed watch."""
    dice = random.Random(seed)  # noqa: S311 - moments of kills
    table = cut(columns_of(log), truth, rows)
    with scratch() as work:
        straight, disturbed = work / "straight", work / "disturbed"
        straight.mkdir()
        disturbed.mkdir()
        size = max(1, -(-table.num_rows // number))
        cuts = [table.slice(start, size) for start in range(0, table.num_rows, size)]
        for index, piece in enumerate(cuts):
            drop(piece, straight, f"{index:04d}.parquet")
        start = time.monotonic()
        watched(straight, work / "a", "--accounts", accounts, "--out", work / "run-a", "--lines", work / "a.jsonl")
        alone = time.monotonic() - start
        options = ["--accounts", accounts, "--out", work / "run-b", "--lines", work / "b.jsonl", "--every", "1"]
        done = 0
        for number_ in range(number):
            if number_ < len(cuts):
                drop(cuts[number_], disturbed, f"{number_:04d}.parquet")
            after_look = number_ % 10 == 9 or number_ == number - 2  # a kill while changes are committed and written
            kill(command(disturbed, "--state", work / "b", *options), dice, within, after_look=after_look)
            done += 1
            print(f"kill {done} of {number}", flush=True)
        options = options[:-2]
        said = watched(disturbed, work / "b", *options)
        return {
            "rows": table.num_rows,
            "kills": done,
            "seconds undisturbed": round(alone, 1),
            "rows looked at": [line["exchanges"] for line in said if line["message"] == "looked"][-1:],
            **compared(work),
        }


def kill(words: list[str], dice: random.Random, within: float, *, after_look: bool) -> None:
    """Start a watch and kill it: some seconds later, or in the moment after a look."""
    process = begun(words)
    assert process.stderr is not None
    if after_look:
        for line in process.stderr:
            if b'"looked"' in line:
                break
        time.sleep(dice.uniform(0, 0.1))
    else:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0.5, within))
    if process.poll() is not None:
        raise SystemExit(f"the watch ended by itself with {process.returncode}")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


def compared(work: Path) -> Line:
    """Both runs, account by account, and the changes against the verdicts."""
    one, other = (pq.read_table(work / name / "verdicts.parquet").to_pylist() for name in ("run-a", "run-b"))
    bare = [[{k: v for k, v in row.items() if k not in _NAMES} for row in rows] for rows in (one, other)]
    changes = [msgspec.json.decode(line) for line in (work / "b.jsonl").read_bytes().splitlines()]
    standing: set[str] = set()
    for change in changes:
        if change["type"] == "account.flagged":
            standing.add(change["data"]["account_id"])
        elif change["type"] == "account.released":
            standing.discard(change["data"]["account_id"])
    return {
        "accounts": len(one),
        "flagged": sum(row["flagged"] for row in one),
        "verdicts identical": one == other,
        "verdicts identical but for names of campaigns": bare[0] == bare[1],
        "differing accounts": sum(a != b for a, b in zip(*bare, strict=False)),
        "changes": len(changes),
        "changes with an id of their own": len({change["id"] for change in changes}),
        "changes add up to the verdicts": standing == {row["account_id"] for row in other if row["flagged"]},
    }


_NAMES = frozenset({"campaign_id", "nearest_set"})


# -- intake


def minute(table: pa.Table, start_us: int, tag: str) -> pa.Table:
    """A hundred thousand rows as if they came within one minute from ``start_us``."""
    rows = table.num_rows
    ts = start_us + np.sort(np.random.default_rng(7).integers(0, 60_000_000, rows))
    ids = pa.array([f"{tag}-{i}" for i in range(rows)])
    # Texts of their own, as if nobody ever asked the same: a prompt that was sketched lately is not sketched again.
    prompts = pc.binary_join_element_wise(table["prompt"].cast(pa.string()), f"({tag})", " ")
    table = table.set_column(table.schema.get_field_index("prompt"), "prompt", prompts)
    table = table.set_column(table.schema.get_field_index("ts"), "ts", pa.array(ts, pa.timestamp("us", "UTC")))
    return table.set_column(table.schema.get_field_index("exchange_id"), "exchange_id", ids)


def intake(log: Path, history: Path | None, *, files: int) -> Line:
    """Seconds for minute files after a short and a long history, and rows a second over all of them."""
    table = columns_of(log).slice(200_000, MINUTE_ROWS)
    found: Line = {"rows of a minute file": table.num_rows, "distinct prompts of it": len(table["prompt"].unique())}
    for kind, words in (("metadata", ("--metadata-only",)), ("prompts sketched", ())):
        with scratch() as work:
            found[f"{kind}, no history"] = minutes(work, table, files, words)
    if history is not None:
        with scratch() as work:
            words = ("--metadata-only",)
            found["metadata, long history"] = {
                "history": past(work, history, words),
                **minutes(work, table, files, words),
            }
    return found


def past(work: Path, history: Path, words: tuple[str, ...]) -> Line:
    """Take in a long history first."""
    start = time.monotonic()
    lines = run_until_quiet(work, history, words)
    rows = sum(line["accepted"] for line in lines)
    return {"rows": rows, "seconds": round(time.monotonic() - start, 1), "batches": len(lines)}


def run_until_quiet(work: Path, folder: Path, words: tuple[str, ...]) -> list[Line]:
    """A watch that takes in a folder and is stopped before it looks."""
    files = sum(1 for each in folder.rglob("*.parquet"))
    with live(folder, work / "state", *words, "--every", "900000") as watch:
        return list(first(watch.lines, files))


def minutes(work: Path, table: pa.Table, files: int, words: tuple[str, ...], tag: str = "m") -> Line:
    """Minute files, one after another: each is dropped when the last is committed."""
    folder = work / f"in-{tag}"
    folder.mkdir()
    start = int(datetime(2026, 10, 21, tzinfo=UTC).timestamp()) * 1_000_000
    seconds, taken, spent = [], [], []
    with live(folder, work / "state", *words, "--every", "900000") as watch:
        for index in range(files + 1):
            piece = minute(table, start + index * 60_000_000, f"{tag}-{index}")
            drop(piece, folder, f"{tag}{index:04d}.parquet")
            before = watch.spent()
            line = next(first(watch.lines, 1))
            if index:  # the first one waits for processes to start
                seconds.append(line["seconds"])
                taken.append(line["accepted"])
                spent.append(watch.spent() - before)
        for index in range(files + 1, 2 * files + 1):
            piece = minute(table, start + index * 60_000_000, f"{tag}-{index}")
            pq.write_table(piece, work / f"{tag}{index:04d}.parquet", compression="zstd", compression_level=1)
        since, before = time.monotonic(), watch.spent()
        for index in range(files + 1, 2 * files + 1):
            (work / f"{tag}{index:04d}.parquet").rename(folder / f"{tag}{index:04d}.parquet")
        rows = sum(line["accepted"] for line in first(watch.lines, files))
        rate = rows / (time.monotonic() - since)
        cost, peak = watch.spent() - before, watch.peak()
    return {
        "seconds for a file": {"median": round(float(np.median(seconds)), 3), "worst": round(max(seconds), 3)},
        "CPU seconds for a file, median": round(float(np.median(spent)), 3),
        "rows accepted": sum(taken),
        "exchanges a CPU second, sustained": round(rows / max(cost, 0.01)),
        "peak memory of the watch, MiB": peak,
        "exchanges a second, sustained": round(rate),
    }


class Live(NamedTuple):
    """A watch that runs, and its log lines as they come."""

    process: int
    lines: Iterator[Line]

    def spent(self) -> float:
        """Seconds of processor time so far, its other processes included."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
                if int(fields[3]) == self.process:  # the session
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        """Most memory that the watch itself held, in MiB."""
        status = Path(f"/proc/{self.process}/status").read_text("ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


@contextlib.contextmanager
def live(folder: Path, state: Path, *words: object) -> Iterator[Live]:
    """A watch that runs while the block does."""
    process = begun(command(folder, "--state", state, *words))
    assert process.stderr is not None
    try:
        yield Live(process.pid, (msgspec.json.decode(line) for line in process.stderr))
    finally:
        process.terminate()
        process.wait(60)


def first(log: Iterator[Line], number: int) -> Iterator[Line]:
    """The next ``number`` committed batches."""
    while number:
        line = next(log)
        if line["message"] == "batch committed":
            number -= 1
            yield line


# -- latency


def latency(log: Path, accounts: Path, *, history: int, seconds: int, every: float) -> Line:
    """A file of a second's rows every second, after a history; how old it is when a look knows it."""
    table = columns_of(log)
    rate = min(max(1, (table.num_rows - history) // seconds), 50)
    with scratch() as work:
        folder = work / "in"
        folder.mkdir()
        drop(table.slice(0, history), folder, "0000.parquet")
        arrived: list[tuple[int, float]] = []
        looks: list[tuple[int, float, float]] = []
        feeder = threading.Thread(target=feed, args=(table, folder, history, rate, seconds, arrived))
        with live(folder, work / "state", "--accounts", accounts, "--every", every) as watch:
            for line in watch.lines:
                if line["message"] != "looked":
                    continue
                if not feeder.ident:  # the history is looked at: now the rest may come
                    feeder.start()
                    continue
                looks.append((line["exchanges"], datetime.fromisoformat(line["time"]).timestamp(), line["seconds"]))
                if not feeder.is_alive() and line["exchanges"] >= history + rate * seconds:
                    break
        waits = [next(when for known, when, _ in looks if known >= rows) - came for rows, came in arrived]
    return {
        "history, rows": history,
        "rows a second": rate,
        "seconds": seconds,
        "every": every,
        "looks": len(looks),
        "seconds of a look, median": round(float(np.median([each[2] for each in looks])), 1),
        "event to verdict p50": round(float(np.quantile(waits, 0.5)), 1),
        "event to verdict p99": round(float(np.quantile(waits, 0.99)), 1),
        "files": len(waits),
    }


def feed(table: pa.Table, folder: Path, start: int, rate: int, seconds: int, arrived: list[tuple[int, float]]) -> None:
    """A file every second; notes how many rows had come by when."""
    begun = time.time_ns()
    for index in range(seconds):
        drop(table.slice(start + index * rate, rate), folder, f"{index + 1:04d}.parquet")
        now = time.time_ns()
        arrived.append((start + (index + 1) * rate, now / 1e9))
        time.sleep(max(0.0, (begun + (index + 1) * 10**9 - now) / 1e9))


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one part."""
    folder = Path(tempfile.mkdtemp(prefix="stillwatch-watch-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine() -> Line:
    """What it ran on."""
    return {
        "processors": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),  # noqa: TID251 - the date of a measurement
    }


def main() -> None:
    """Run the parts that are named, and keep their figures."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("parts", nargs="+", choices=["kills", "intake", "latency"])
    ask.add_argument("--log", type=Path, required=True)
    ask.add_argument("--accounts", type=Path, required=True)
    ask.add_argument("--truth", type=Path, default=None, help="of the log, to cut whole campaigns out of it")
    ask.add_argument("--rows", type=int, default=50_000)
    ask.add_argument("--kills", type=int, default=100)
    ask.add_argument("--within", type=float, default=6.0, help="seconds after the start within which a kill comes")
    ask.add_argument("--files", type=int, default=5)
    ask.add_argument("--history", type=Path, default=None)
    ask.add_argument("--seconds", type=int, default=120)
    ask.add_argument("--every", type=float, default=30.0)
    ask.add_argument("--name", default=None, help="kept beside the part's other figures under this name")
    ask.add_argument("--seed", type=int, default=1)
    wish = ask.parse_args()
    results = msgspec.json.decode(RESULT.read_bytes()) if RESULT.exists() else {}
    for part in wish.parts:
        if part == "kills":
            found = kills(
                wish.log,
                wish.accounts,
                wish.truth,
                rows=wish.rows,
                number=wish.kills,
                within=wish.within,
                seed=wish.seed,
            )
        elif part == "intake":
            found = intake(wish.log, wish.history, files=wish.files)
        else:
            found = latency(wish.log, wish.accounts, history=wish.rows, seconds=wish.seconds, every=wish.every)
        name = part if wish.name is None else f"{part}, {wish.name}"
        results[name] = {**found, "machine": machine()}
        RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
        print(msgspec.json.format(msgspec.json.encode({name: results[name]}), indent=1).decode())


if __name__ == "__main__":
    main()
