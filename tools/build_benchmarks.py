"""Build the fingerprints of public benchmark items that ship in ``stillwatch/detect/sketch/table``.

Input are Parquet files with the columns ``prompt`` and ``source`` (one benchmark a source). Only hashes are written::

    python tools/build_benchmarks.py --out src/stillwatch/detect/sketch/table/benchmarks.bin PROMPTS/eval.parquet ...

Sources that serve both as benchmark and as distillation seed are named in ``AMBIGUOUS`` and flagged in the file.
Printed: items by source, and those too short to have a run of eight words, which are left out.
"""

# ruff: noqa: T201 -- a script that prints its figures

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from stillwatch.detect.sketch.benchmark import pack, run_hashes

SOURCES = ("mmlu", "big-bench-hard", "bfcl", "human-eval", "fastchat-judge", "gsm8k-train", "aqua", "cmath")
AMBIGUOUS = frozenset({"gsm8k-train"})
RUNS_PER_ITEM = 3
SHARED_BY_FEW = 3


def read_items(files: list[Path]) -> dict[str, list[str]]:
    """Items by benchmark, in the order of the files."""
    items: dict[str, list[str]] = {source: [] for source in SOURCES}
    for file in files:
        table = pq.read_table(file, columns=["prompt", "source"])
        for prompt, source in zip(table["prompt"].to_pylist(), table["source"].to_pylist(), strict=True):
            if source in items:
                items[source].append(prompt)
    return items


def choose_runs(
    hashes: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64], items_with: Counter[int], count: int
) -> list[list[int]]:
    """Up to three runs of each item: those that few items share, of these the smallest hashes."""
    by_item: list[list[int]] = [[] for _ in range(count)]
    for value, row in zip(hashes.tolist(), rows.tolist(), strict=True):
        by_item[row].append(value)
    # Runs that many items share are a benchmark's boilerplate, or the language of examinations: they come last.
    return [
        sorted(set(values), key=lambda value: (items_with[value] > SHARED_BY_FEW, value))[:RUNS_PER_ITEM]
        for values in by_item
    ]


def main() -> None:
    """Parse the arguments, build, report."""
    parser = argparse.ArgumentParser(description="build the fingerprints of public benchmark items")
    parser.add_argument("files", nargs="+", type=Path, help="Parquet files with prompt and source")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    arguments = parser.parse_args()
    items = read_items(arguments.files)
    runs = {source: run_hashes(texts) for source, texts in items.items()}
    items_with: Counter[int] = Counter()
    for hashes, rows in runs.values():
        pairs = np.unique(np.stack([hashes, rows.astype(np.uint64)]), axis=1)
        items_with.update(pairs[0].tolist())
    known: dict[int, bool] = {}
    for source, (hashes, rows) in runs.items():
        chosen = choose_runs(hashes, rows, items_with, len(items[source]))
        for value in {value for values in chosen for value in values}:
            # A run that a plain benchmark has too is not ambiguous.
            known[value] = known.get(value, True) and source in AMBIGUOUS
        print(f"{source}: {len(chosen)} items, {sum(not values for values in chosen)} too short")
    fingerprints = np.fromiter((value | ambiguous for value, ambiguous in known.items()), dtype=np.uint64)
    packed = pack(fingerprints)
    arguments.out.write_bytes(packed)
    print(f"{len(fingerprints)} runs, {len(packed)} bytes")


if __name__ == "__main__":
    main()
