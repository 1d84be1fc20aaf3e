"""A process that ends when the process that began it ends, however that ended.

Linux only: ``prctl(PR_SET_PDEATHSIG)`` (prctl(2)). Without it, a killed parent would leave children that write on.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the system kill this process with its ``parent`` (a process id); Ctrl-C is the parent's to handle.

    The system watches the *thread* that began this process: it has to live as long as the process is needed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    call = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if call is not None:
        call(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(1)
