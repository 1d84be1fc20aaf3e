"""Measure what labels, benchmark matches and embeddings are worth on real prompts, and how fast they come.

Input are Parquet files with ``prompt`` and ``source``; the tables of ``docs/reference/sketches.md`` are this output::

    python tools/measure_sketches.py PROMPTS/*.parquet

Sources stand for weak labels: a source's prompts are all counted as its main capability. Rules and weights were tuned on
the sources marked *tuning* only.
"""

# ruff: noqa: T201 -- a script that prints its tables

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from stillwatch.detect.sketch import (
    BenchmarkMatcher,
    Capability,
    CapabilityClassifier,
    Elicitation,
    StaticEmbedding,
    elicitations,
    keyed_hash,
    normalise,
    shape_features,
    skeletons,
    style_vectors,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TUNING = {
    "gsm8k-train": Capability.REASONING,
    "nl2bash": Capability.CODING,
    "gpteacher-codegen": Capability.CODING,
    "gpteacher-toolformer": Capability.TOOLS,
    "glaive-en": Capability.TOOLS,
    "query-wellformedness": Capability.KNOWLEDGE,
    "clinc-oos": Capability.CONVERSATION,
}
HELD_OUT = {
    "aqua": Capability.REASONING,
    "cmath": Capability.REASONING,
    "stack-overflow-titles": Capability.CODING,
    "human-eval": Capability.CODING,
    "gorilla-apibench": Capability.TOOLS,
    "bfcl": Capability.TOOLS,
    "glaive-zh": Capability.TOOLS,
    "gpteacher-roleplay": Capability.WRITING,
    "mmlu": Capability.KNOWLEDGE,
    "huatuo": Capability.KNOWLEDGE,
    "hh-harmless": Capability.SAFETY,
    "banking77": Capability.CONVERSATION,
}
BENCHMARKS = ("mmlu", "big-bench-hard", "bfcl", "human-eval", "fastchat-judge", "gsm8k-train", "aqua", "cmath")
TEMPLATES = ("{}", "Question: {}\nAnswer:", "Solve:\n{}\nThink step by step and give the final answer.")


def read(files: list[Path]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Prompts by source, and by file."""
    by_source: dict[str, list[str]] = {}
    by_file: dict[str, list[str]] = {}
    for file in files:
        table = pq.read_table(file, columns=["prompt", "source"]).to_pydict()
        by_file[file.stem] = table["prompt"]
        for prompt, source in zip(table["prompt"], table["source"], strict=True):
            by_source.setdefault(source, []).append(prompt)
    return by_source, by_file


def capability_table(by_source: dict[str, list[str]]) -> None:
    """Accuracy of capability labels by source."""
    classifier = CapabilityClassifier.load(StaticEmbedding.load())
    print("| use | source | prompts | capability | accuracy | most frequent others |\n|---|---|---:|---|---:|---|")
    for use, labels in (("tuning", TUNING), ("held out", HELD_OUT)):
        for source, expected in labels.items():
            found = Counter(classifier.classify(by_source[source]).tolist())
            total = sum(found.values())
            others = [f"{Capability(k).name.lower()} {n / total:.2f}" for k, n in found.most_common(4) if k != expected]
            right = found[expected] / total
            print(f"| {use} | {source} | {total:,} | {expected.name.lower()} | {right:.2f} | {', '.join(others[:2])} |")


def elicitation_table(by_file: dict[str, list[str]]) -> None:
    """Elicitation labels among prompts that are nearly all ordinary."""
    print("\n| file | prompts | labelled other than answer | by class |\n|---|---:|---:|---|")
    for name, texts in by_file.items():
        found = Counter(elicitations(texts).tolist())
        named = ", ".join(f"{Elicitation(k).name.lower()} {n}" for k, n in sorted(found.items()) if k)
        print(f"| {name} | {len(texts):,} | {1 - found[0] / len(texts):.5f} | {named or '-'} |")


def benchmark_tables(by_source: dict[str, list[str]]) -> None:
    """Recall of the benchmark matcher inside templates, and false alarms elsewhere."""
    matcher = BenchmarkMatcher.load()
    print("\n| benchmark | items | plain | question | solve |\n|---|---:|---:|---:|---:|")
    for source in BENCHMARKS:
        items = by_source[source]
        recall = [matcher.match([t.format(i) for i in items], ambiguous=True).mean() for t in TEMPLATES]
        print(f"| {source} | {len(items):,} | " + " | ".join(f"{r:.3f}" for r in recall) + " |")
    print("\n| other source | prompts | matched |\n|---|---:|---:|")
    for source, texts in by_source.items():
        if source not in BENCHMARKS:
            print(f"| {source} | {len(texts):,} | {matcher.match(texts, ambiguous=True).mean():.4f} |")


def speed_table(texts: list[str]) -> None:
    """Texts a second, by sketch."""
    embedding = StaticEmbedding.load()
    classifier = CapabilityClassifier.load(embedding)
    vectors = embedding.encode(texts)
    sketches: dict[str, Callable[[], object]] = {
        "embedding": lambda: embedding.encode(texts),
        "style": lambda: style_vectors(texts),
        "shape": lambda: shape_features(texts),
        "skeleton": lambda: skeletons(texts),
        "normalise + keyed hash": lambda: keyed_hash([normalise(text) for text in texts], b"0" * 32),
        "capability (vectors given)": lambda: classifier.classify(texts, vectors),
        "elicitation": lambda: elicitations(texts),
        "benchmark": lambda: BenchmarkMatcher.load().find(texts),
    }
    print(f"\nmean length {np.mean([len(text) for text in texts]):.0f} characters\n\n| sketch | texts/s |\n|---|---:|")
    for name, run in sketches.items():
        took = []
        for _ in range(3):
            start = time.perf_counter()
            run()
            took.append(time.perf_counter() - start)
        print(f"| {name} | {len(texts) / min(took):,.0f} |")


def main() -> None:
    """Measure and print all tables."""
    parser = argparse.ArgumentParser(description="measure sketches on real prompts")
    parser.add_argument("files", nargs="+", type=Path, help="Parquet files with prompt and source")
    by_source, by_file = read(parser.parse_args().files)
    capability_table(by_source)
    elicitation_table(by_file)
    benchmark_tables(by_source)
    speed_table([text for texts in by_source.values() for text in texts][::5])


if __name__ == "__main__":
    main()
