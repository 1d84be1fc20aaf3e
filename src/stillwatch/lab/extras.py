"""Packages that only the lab needs, imported when they are first used.

The base install stays small: scikit-learn, optuna and matplotlib come with the extra ``[lab]``.
"""

from __future__ import annotations

import importlib
from typing import Any

from stillwatch.errors import ConfigurationError

HINT = "pip install 'stillwatch[lab]'"


def extra(module: str, *, hint: str = HINT) -> Any:
    """The module of that name.

    Raises:
        ConfigurationError: it is not installed; the hint says how to get it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(f"this needs the package {module.partition('.')[0]}: {error}", hint=hint) from error
