"""Settings of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test fails because a machine is slow; on a build machine the same examples are tried every time.
settings.register_profile(
    "local",
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("build", settings.get_profile("local"), derandomize=True)
settings.load_profile("build" if os.environ.get("CI") else "local")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of large real data; a test that needs it is skipped where it is not there."""
    folder = (ROOT / os.environ.get("STILLWATCH_SHARED", "../shared")).resolve()
    if not folder.is_dir():
        pytest.skip("the folder that STILLWATCH_SHARED names is not there")
    return folder
