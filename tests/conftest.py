"""Settings of all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
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
REQUIRE_SERVICES = "STILLWATCH_REQUIRE_SERVICES"
"""Set to 1 where a service that a test needs must be there (build machines): the test then fails instead of being skipped."""


def pytest_configure(config: pytest.Config) -> None:
    """Markers of tests that need more than the package."""
    config.addinivalue_line("markers", "spark: needs PySpark and Java 17")
    config.addinivalue_line("markers", "chdb: needs chDB, ClickHouse inside the process")


@pytest.fixture(scope="session")
def need() -> Callable[[str, bool], None]:
    """Call it with what a test needs and whether that is there: skips the test, or fails it where services are required."""

    def check(what: str, there: bool) -> None:
        if there:
            return
        if os.environ.get(REQUIRE_SERVICES) == "1":
            pytest.fail(f"{what} is required here and is not there")
        pytest.skip(f"{what} is not there")

    return check


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
