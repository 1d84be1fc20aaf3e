"""Libraries that only some watches need, looked for when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from stillwatch.errors import UsageError


def needed(module: str, extra: str) -> Any:
    """A module of an extra.

    Raises:
        UsageError: It is not installed; the hint says how to.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(
            f"this needs {module.partition('.')[0]}, which is not installed",
            hint=f"pip install 'stillwatch[{extra}]'",
        ) from error
