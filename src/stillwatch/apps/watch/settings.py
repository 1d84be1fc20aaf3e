"""What a watch is told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stillwatch.apps.watch.detector import Looking
from stillwatch.apps.watch.state import Limits


class WatchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a watch runs.

    Attributes:
        state: Folder of the state.
        limits: Watermark, window, retention of raw texts.
        looking: What every look is told.
        every: Seconds between looks, at least, while something arrives.
        out: Run folder that every look rewrites.
        once: Take in what is there, look, deliver, end.
        metadata_only: Drop prompts unread.
        sketchers: Processes that sketch prompts; 0 does it in the reading thread.
        shown: The settings as a report prints them.
    """

    state: Path
    limits: Limits = Limits()
    looking: Looking = Looking()
    every: float = 60.0
    out: Path | None = None
    once: bool = False
    metadata_only: bool = False
    sketchers: int = 1
    shown: dict[str, str] = {}
