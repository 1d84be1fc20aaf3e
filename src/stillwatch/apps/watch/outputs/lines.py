"""Changes as JSON lines, to a file or to standard output.

A file holds every change once: how far it is written is committed together with the delivery, and what a kill left beyond
that is cut off before writing goes on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from stillwatch.apps.watch.outputs.protocol import Message, NotDelivered
from stillwatch.errors import OutputError

TOGETHER = 500


class LinesFile:
    """A file that grows."""

    most = TOGETHER

    def __init__(self, path: Path) -> None:
        """Name the file; its folder has to be there."""
        self.name = f"lines:{path.name}"
        self._path = path
        self._file: BinaryIO | None = None

    def resume(self, mark: int | None) -> int:
        """Open the file and cut off what was not committed. A file that was rotated away begins anew.

        What a file held before the watch first wrote to it stays.

        Raises:
            OutputError: It cannot be written.
        """
        try:
            self._path.touch(mode=0o600)
            size = self._path.stat().st_size
            if mark is not None and size > mark:
                os.truncate(self._path, mark)
                size = mark
            self._file = self._path.open("ab", buffering=0)
        except OSError as error:
            raise OutputError(f"Cannot write {self._path}: {error.strerror}.", hint="Check the permissions.") from error
        return size

    def deliver(self, messages: Sequence[Message]) -> int:
        """Append; on the disk before it counts as delivered."""
        assert self._file is not None
        data = b"".join(each.body + b"\n" for each in messages)
        before = 0
        before = os.fstat(self._file.fileno()).st_size
        try:
            written = self._file.write(data)
            os.fsync(self._file.fileno())
        except OSError as error:
            self._cut(before)
            raise NotDelivered(error.strerror or "cannot be written") from error
        if written != len(data):
            self._cut(before)
            raise NotDelivered("written in part")
        return before + len(data)

    def _cut(self, size: int) -> None:
        """Take back what was written in part; what cannot be taken back now is cut off by :meth:`resume`."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.truncate(self._file.fileno(), size)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class LinesStream:
    """Standard output: delivered once it is handed to the system; after a kill a line may come again with its id."""

    name = "lines:-"
    most = TOGETHER

    def __init__(self, stream: BinaryIO) -> None:
        """Write to ``stream``."""
        self._stream = stream

    def resume(self, mark: int | None) -> None:
        """Nothing to go on from."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """Write and flush."""
        try:
            self._stream.write(b"".join(each.body + b"\n" for each in messages))
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise NotDelivered("the reader went away") from error

    def close(self) -> None:
        """The stream is not ours."""
