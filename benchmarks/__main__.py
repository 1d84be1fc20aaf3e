"""``python -m benchmarks reproduce|compare|sets|engines ...``; options follow the word."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import engines, hunt_vs_baselines, our_sets, reproduce_papers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "engines": engines.main,
    "compare": hunt_vs_baselines.main,
    "reproduce": reproduce_papers.main,
    "sets": our_sets.main,
}


def main(arguments: Sequence[str]) -> int:
    """Hand the arguments to the command named first; 2 where there is no such command."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"expected one of: {', '.join(sorted(COMMANDS))}", file=sys.stderr)
        return 2
    return COMMANDS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
