"""Two folders change places in one step, so that no reader and no crash ever sees a mixture.

Linux only: ``renameat2`` with ``RENAME_EXCHANGE`` (Linux 3.15, glibc 2.28; rename(2)). Python has no name for it.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchange(left: Path, right: Path) -> None:
    """Let ``left`` and ``right``, both there and on one file system, change places.

    Raises:
        OSError: the system cannot; both are as they were. ``errno`` is ``ENOSYS`` or ``EINVAL`` where it never can.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(right))
