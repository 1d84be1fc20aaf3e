"""Client programs of the simulated world: what the headers and the TLS hello say, and how they age.

A program is a family on an operating system; its version rises while the log runs, for each account at its own time.
Programs are as popular as the list says, so that most are shared by many accounts that have nothing to do with each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import xxhash

from stillwatch.lab.draws import Floats, Ints, Keys, choose, draw

VERSIONS = 8
"""Versions of a program that are about during a log."""


class Family(NamedTuple):
    """A client library or app: name, popularity, first version, what it runs on, and whether it is an app."""

    name: str
    weight: float
    major: int
    minor: int
    runtime: str
    app: bool = False


FAMILIES = (
    Family("Atlas/Python", 26, 2, 4, "cpython 3.12"),
    Family("Atlas/Python", 8, 1, 92, "cpython 3.10"),
    Family("Atlas/JS", 20, 6, 2, "node 22.9"),
    Family("Atlas/JS", 5, 5, 20, "node 20.11"),
    Family("python-requests", 9, 2, 28, "cpython 3.11"),
    Family("aiohttp", 6, 3, 8, "cpython 3.12"),
    Family("go-http-client", 5, 2, 0, "go 1.23"),
    Family("okhttp", 4, 4, 9, "jvm 21"),
    Family("axios", 4, 1, 6, "node 22.9"),
    Family("curl", 3, 8, 5, "libcurl"),
    Family("langweave", 4, 0, 3, "cpython 3.12"),
    Family("agentline-cli", 5, 1, 0, "node 22.9"),
    Family("evalbench", 1, 0, 4, "cpython 3.11"),
    Family("Chrome", 40, 0, 138, "browser", app=True),
    Family("Safari", 20, 0, 17, "browser", app=True),
    Family("Firefox", 8, 0, 140, "browser", app=True),
    Family("Edge", 9, 0, 138, "browser", app=True),
    Family("AtlasApp-iOS", 18, 3, 10, "ios 18", app=True),
    Family("AtlasApp-Android", 22, 3, 10, "android 15", app=True),
)
_SYSTEMS = (("linux-x64", 5.0), ("mac-arm64", 3.0), ("win-x64", 2.0), ("linux-arm64", 1.0))


@dataclass(frozen=True)
class Programs:
    """All programs: number = (family x systems + system) x versions + version."""

    client: pa.Array = field(repr=False)
    user_agent: pa.Array = field(repr=False)
    ja4: pa.Array = field(repr=False)
    api: Floats = field(repr=False)
    app: Floats = field(repr=False)

    def pick(self, bits: Keys, app: Ints) -> Ints:
        """A program (without version) for each, as popular as in the world; ``app`` 1 where the channel is an app."""
        return np.where(app == 1, choose(bits, self.app), choose(bits, self.api))


def build_programs() -> Programs:
    """The table of programs."""
    client: list[str | None] = []
    agents, hellos, api, app = [], [], [], []
    for family in FAMILIES:
        for system, share in _SYSTEMS:
            api.append(0.0 if family.app else family.weight * share)
            app.append(family.weight * share if family.app else 0.0)
            for step in range(VERSIONS):
                version = f"{family.minor + step}.0" if family.major == 0 and family.app else ""
                version = version or f"{family.major}.{family.minor + step // 3}.{(step * 3) % 7}"
                agent = f"{family.name} {version}" if family.name.startswith("Atlas/") else f"{family.name}/{version}"
                agents.append(f"Mozilla/5.0 ({system}) {agent}" if family.runtime == "browser" else agent)
                client.append(None if family.app else f"{agent}|{family.runtime}|{system}")
                hello = xxhash.xxh3_128_hexdigest(f"{family.name}{family.runtime}{system}{step // 4}".encode())
                hellos.append(f"t13d{15 + len(family.name) % 3}16h2_{hello[:12]}_{hello[12:24]}")
    return Programs(pa.array(client, pa.string()), pa.array(agents), pa.array(hellos), np.array(api), np.array(app))


def versions(keys: Keys, days: Floats) -> Ints:
    """The version that each account runs ``days`` after the log's start: all upgrade, each at its own time and delay."""
    lag = choose(draw(keys, "lag"), (3.0, 3.0, 2.0, 1.0))
    phase = (draw(keys, "upgrade") >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return np.clip(3 - lag + np.floor(days / 21.0 + phase), 0, VERSIONS - 1).astype(np.int64)
