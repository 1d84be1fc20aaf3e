"""A progress bar per stage on a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Tell = Callable[[str, int, int], None]
"""Told (stage, done, all)."""


@contextlib.contextmanager
def bars(console: Console, stages: Mapping[str, str], *, quiet: bool) -> Iterator[Tell]:
    """Yields what long work tells its progress to; ``stages`` names each stage in words."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as shown:
        tasks = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stages.get(stage, stage), total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield tell
