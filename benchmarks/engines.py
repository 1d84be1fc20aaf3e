"""``python -m benchmarks engines --log LOG --small LOG``: account features on DuckDB, held against a plain scan, Spark and pandas.

LOG is a log of 16 million exchanges (``benchmarks/scenarios/sixteen_million.yaml``), ``--small`` one of a million. Canonical
rows are made once for each (and what that costs is reported); then, in processes of their own and in turns, round after round:

* *scan*: DuckDB adds up every column that is read, over the whole log: the least that reading it can cost;
* *core*, *all*: the integer core, and all sums with their features, on DuckDB at its memory limit;
* on the small log also *spark* (``local[2]``, the second of two runs in one session, so that the start of Java and its first
  compilation do not count) and *pandas*, for all sums and features.

Results are compared first: a time counts only for the same numbers. All results are held as Arrow tables, every column.
CPU seconds are user and system time of the process (of all processes for Spark); medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.baselines import tables
from stillwatch.detect.account_features import features
from stillwatch.detect.core.accounts import (
    GAPS_S,
    HOURS,
    KINDS,
    MORE_KINDS,
    MOST_TOKENS,
    all_sums,
    gap_name,
    hour_name,
    integer_core,
)
from stillwatch.events._scan import Limits
from stillwatch.events.canonical import COLUMNS
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.events.engines.layout import Layout
from stillwatch.events.engines.scan import scan_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PART = "engines"
CORE = (
    *("ts_us", "day", "hour", "account", "conversation", "context_in", "text", "address", "turn", "n_tools", "stream"),
    *("input_tokens", "output_tokens", "status"),
)
"""Columns that the integer core reads."""
ALL = tuple(name for name in COLUMNS if name not in {"exchange", "context_out"})
MEMORY = "3GB"
BARS = {
    "core over scan, CPU": 5.0,
    "all over scan, CPU": 10.0,
    "growth exponent, CPU": 1.1,
    "growth of memory": 2.0,
    "Spark over DuckDB, wall": 5.0,
    "pandas over DuckDB, wall": 2.0,
}


class Measure(msgspec.Struct, frozen=True):
    """One run of one task."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _peak() -> float:
    """Most memory this process has had, in MB (``ru_maxrss`` would begin at the parent's)."""
    return float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def _scan(folder: Path, columns: Sequence[str]) -> pa.Table:
    with DuckEngine(memory=MEMORY) as engine:
        engine.open_rows(folder)
        return engine.query("SELECT " + ", ".join(f"sum({c}) AS {c}" for c in columns) + " FROM canonical_rows")


def _duck(folder: Path, *, everything: bool) -> pa.Table:
    with DuckEngine(memory=MEMORY) as engine:
        engine.open_rows(folder)
        sums = engine.run(all_sums() if everything else integer_core(), by_account=True)
        if everything:
            features(sums)
        return sums


def _pandas(folder: Path) -> pa.Table:
    import pandas as pd  # noqa: PLC0415, TID251 - measured, not used by the package

    rows = pd.concat([pd.read_parquet(p, columns=list(ALL)) for p in sorted((folder / "rows").rglob("*.parquet"))])
    rows["failed"], rows["first"] = rows.status >= 400, rows.turn <= 1
    rows["good_first"] = rows["first"] & ~rows.failed
    rows["tooled"], rows["goes_on"] = rows.n_tools > 0, rows.context_in != 0
    for side in ("input", "output"):
        rows[f"{side}_square"] = np.minimum(rows[f"{side}_tokens"], MOST_TOKENS) ** 2
    by = rows.groupby("account", sort=True)
    sums = by.agg(
        exchanges=("ts_us", "size"), failed=("failed", "sum"), openings=("first", "sum"), opened=("good_first", "sum"),
        turns=("turn", "sum"), with_tools=("tooled", "sum"), tools=("n_tools", "sum"), streamed=("stream", "sum"),
        continued=("goes_on", "sum"), input_tokens=("input_tokens", "sum"), output_tokens=("output_tokens", "sum"),
        input_square=("input_square", "sum"), output_square=("output_square", "sum"), turn_most=("turn", "max"),
        input_most=("input_tokens", "max"), output_most=("output_tokens", "max"), last_us=("ts_us", "max"),
        input_least=("input_tokens", "min"), output_least=("output_tokens", "min"), first_us=("ts_us", "min"),
    )  # fmt: skip
    hours = rows.groupby(["account", "hour"]).size().unstack(fill_value=0)  # noqa: PD010 - a pivot of sizes
    for hour in HOURS:
        sums[hour_name(hour)] = hours.get(hour, 0)
    ordered = rows[["account", "ts_us"]].sort_values(["account", "ts_us"])
    gap = ordered.groupby("account").ts_us.diff()
    for seconds in GAPS_S:
        sums[gap_name(seconds)] = (gap <= seconds * 1_000_000).groupby(ordered.account).sum()
    for kind in (*KINDS, *MORE_KINDS):
        each = rows[rows[kind] != 0].groupby(["account", kind]).size()
        counted = each.groupby("account")
        square = (each * each).groupby("account").sum()
        for name, values in (("distinct", counted.size()), ("square", square), ("most", counted.max())):
            sums[f"{kind}_{name}"] = values.reindex(sums.index, fill_value=0)
    days = rows.groupby(["account", "day"]).size()
    sums["days"], sums["day_most"] = days.groupby("account").size(), days.groupby("account").max()
    sums["day_square"] = (days * days).groupby("account").sum()
    looks = rows.groupby(["account", "look"]).size().groupby("account")
    sums["hours_active"], sums["hour_most"] = looks.size(), looks.max()
    found = pa.Table.from_pandas(sums.reset_index(), preserve_index=False)
    whole = pa.table({name: found[name].cast(pa.int64()) for name in found.column_names})
    features(whole)
    return whole


def _spark(folder: Path, scratch: Path) -> tuple[pa.Table, Measure]:
    from stillwatch.events.engines.spark import SparkEngine  # noqa: PLC0415 - an extra

    with SparkEngine("local[2]", memory="6g", scratch=str(scratch)) as engine:
        frame = engine.session.read.option("recursiveFileLookup", "true").parquet(str(folder / "rows"))
        frame.createOrReplaceTempView("canonical_rows")
        features(engine.run(all_sums()))
        java = _java_cpu()
        begun, before = time.perf_counter(), _cpu()
        found = engine.run(all_sums())
        features(found)
        wall = time.perf_counter() - begun
        after = _java_cpu()
        return found, Measure(wall, _cpu() - before + after.cpu_s - java.cpu_s, after.peak_mb)


def _java_cpu() -> Measure:
    """CPU seconds and peak memory of the Java processes that this process began."""
    ours, total, peak = os.getpid(), 0.0, 0.0
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else []
            name = (entry / "comm").read_text().strip() if stat else ""
            if name == "java" and int(stat[1]) == ours:
                total += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
                status = (entry / "status").read_text()
                peak = max(peak, float(status.split("VmHWM:")[1].split()[0]) / 1024)
        except (OSError, IndexError):  # it ended while we looked
            continue
    return Measure(0.0, total, peak)


def _run_task(task: str, folder: Path, out: Path | None) -> Measure:
    """In a process of its own: run a task once, keep its result where asked."""
    tasks: dict[str, Callable[[], pa.Table]] = {
        "scan core": lambda: _scan(folder, CORE),
        "scan all": lambda: _scan(folder, ALL),
        "core": lambda: _duck(folder, everything=False),
        "all": lambda: _duck(folder, everything=True),
        "pandas": lambda: _pandas(folder),
    }
    if task == "spark":
        found, measured = _spark(folder, folder / "scratch")
    else:
        begun, before = time.perf_counter(), _cpu()
        found = tasks[task]()
        wall, cpu = time.perf_counter() - begun, _cpu() - before
        measured = Measure(wall, cpu, _peak())
    if out is not None:
        by = [("account", "ascending")] if "account" in found.column_names and found.num_rows > 1 else []
        pq.write_table(found.sort_by(by) if by else found, out)
    return measured


def _child(task: str, folder: Path, out: Path | None) -> Measure:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.engines", "--task", task, "--folder", str(folder)]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *(["--keep", str(out)] if out else [])], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Measure)


def _layout(source: Path, folder: Path) -> dict[str, float]:
    """Canonical rows of a log, in this process; what it cost. Rows that are there already are used again."""
    told = folder / "layout.json"
    if told.exists():
        return msgspec.json.decode(told.read_bytes(), type=dict[str, float])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun, before = time.perf_counter(), _cpu()
    loaded = scan_to(Layout(folder), source, until=None, metadata_only=False, limits=Limits("2GB", None))
    size = sum(p.stat().st_size for p in folder.rglob("*.parquet"))
    cost = {
        "rows": loaded.rows,
        "wall_s": round(time.perf_counter() - begun, 1),
        "cpu_s": round(_cpu() - before, 1),
        "mb": round(size / 1e6),
    }
    told.write_bytes(msgspec.json.encode(cost))
    return cost


def _rounds(tasks: Sequence[tuple[str, Path]], rounds: int, keep: Path) -> dict[str, list[Measure]]:
    """All tasks in turns, round after round; the first round keeps the results."""
    found: dict[str, list[Measure]] = {}
    for number in range(rounds):
        for task, folder in tasks:
            name = f"{task} {folder.name}"
            measured = _child(task, folder, keep / f"{name}.parquet" if number == 0 else None)
            found.setdefault(name, []).append(measured)
            print(
                f"round {number + 1}: {name:16} {measured.wall_s:8.2f} s wall {measured.cpu_s:8.2f} s CPU", flush=True
            )
    return found


def _same(keep: Path, names: Sequence[str]) -> dict[str, int]:
    """Differing cells between the first result and each other one."""
    first = pq.read_table(keep / f"{names[0]}.parquet")
    out: dict[str, int] = {}
    for name in names[1:]:
        other = pq.read_table(keep / f"{name}.parquet")
        columns = sorted(first.column_names)
        if sorted(other.column_names) != columns or other.num_rows != first.num_rows:
            raise SystemExit(f"{name} has other columns or rows than {names[0]}")
        out[name] = sum(int((first[c].to_numpy() != other[c].to_numpy()).sum()) for c in columns)
    return out


def _medians(found: dict[str, list[Measure]]) -> dict[str, dict[str, float]]:
    return {
        name: {
            field: round(statistics.median(getattr(m, field) for m in measured), 3)
            for field in ("wall_s", "cpu_s", "peak_mb")
        }
        for name, measured in found.items()
    }


def main(arguments: Sequence[str]) -> int:
    """Measure, compare, and write ``benchmarks/results/engines.json``."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--log", type=Path)
    ask.add_argument("--small", type=Path)
    ask.add_argument("--work", type=Path, help="where canonical rows are put; needs about 1 GB")
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument(
        "--spark-rounds", type=int, default=None, help="Spark takes long; as many as the others if not given"
    )
    ask.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "engines.json")
    ask.add_argument("--task", help=argparse.SUPPRESS)
    ask.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    ask.add_argument("--keep", type=Path, help=argparse.SUPPRESS)
    given = ask.parse_args(arguments)
    if given.task:
        print(msgspec.json.encode(_run_task(given.task, given.folder, given.keep)).decode())
        return 0
    if not (given.log and given.small and given.work):
        ask.error("--log, --small and --work are needed")
    large, small, keep = given.work / "large", given.work / "small", given.work / "results"
    keep.mkdir(parents=True, exist_ok=True)
    made = {"large": _layout(given.log, large), "small": _layout(given.small, small)}
    print(made, flush=True)
    load = os.getloadavg()
    spark_rounds = given.rounds if given.spark_rounds is None else given.spark_rounds
    beside = _rounds([("all", small), ("pandas", small), ("spark", small)], spark_rounds, keep)
    for name, more in _rounds([("all", small), ("pandas", small)], given.rounds - spark_rounds, keep).items():
        beside[name] += more
    differing = _same(keep, ["all small", "pandas small", "spark small"])
    print("differing cells:", differing, flush=True)
    tasks = [("scan core", large), ("core", large), ("scan all", large), ("all", large), ("core", small)]
    found = beside | _rounds(tasks, given.rounds, keep)
    medians = _medians(found)
    rows = made["large"]["rows"] / made["small"]["rows"]

    def ratio(over: str, under: str, field: str) -> float:
        return round(medians[over][field] / medians[under][field], 2)

    figures = {
        "core over scan, CPU": ratio("core large", "scan core large", "cpu_s"),
        "all over scan, CPU": ratio("all large", "scan all large", "cpu_s"),
        "growth exponent, CPU": round(math.log(ratio("all large", "all small", "cpu_s")) / math.log(rows), 3),
        "growth exponent of the core, CPU": round(
            math.log(ratio("core large", "core small", "cpu_s")) / math.log(rows), 3
        ),
        "growth of memory": ratio("all large", "all small", "peak_mb"),
        "Spark over DuckDB, wall": ratio("spark small", "all small", "wall_s"),
        "Spark over DuckDB, CPU": ratio("spark small", "all small", "cpu_s"),
        "pandas over DuckDB, wall": ratio("pandas small", "all small", "wall_s"),
        "pandas over DuckDB, CPU": ratio("pandas small", "all small", "cpu_s"),
    }
    result = {
        "command": "python -m benchmarks engines --log LOG --small SMALL --work WORK",
        "machine": {**tables.machine(), "cores": os.cpu_count(), "load_before_and_after": [*load, *os.getloadavg()]},
        "rounds": given.rounds,
        "rounds_of_spark": spark_rounds,
        "memory_limit": MEMORY,
        "canonical_rows": made,
        "differing_cells": differing,
        "bars": BARS,
        "figures": figures,
        "medians": medians,
        "runs": msgspec.to_builtins(found),
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for name, value in figures.items():
        print(f"{name:40} {value:8} {'bar ' + str(BARS[name]) if name in BARS else ''}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
