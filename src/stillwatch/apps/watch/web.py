"""A small web server in a thread of its own, for the pages of operators and the OTLP endpoint. Needs the extra ``watch``."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

from stillwatch.apps.watch.extras import needed
from stillwatch.errors import UsageError

STARTING = 10.0
STOPPING = 5
CONNECTIONS = 256
"""Connections at a time; further ones are answered 503."""


class Served:
    """An application at a place; ``port`` is the real one where 0 was asked for."""

    def __init__(self, application: Any, place: tuple[str, int], name: str) -> None:
        """Take the place.

        Raises:
            UsageError: It is taken, or is none of this machine's.
        """
        uvicorn = needed("uvicorn", "watch")
        host, port = place
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise UsageError(
                f"cannot listen on {host}:{port}: {error.strerror}", hint="Name another HOST:PORT, or stop who has it."
            ) from error
        self.port: int = self._socket.getsockname()[1]
        settings = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=STOPPING,
            timeout_keep_alive=30,
            ws="none",
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        until = time.monotonic() + STARTING
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> None:
        """Answer what was asked, then end."""
        self._server.should_exit = True
        self._thread.join(STOPPING + 2)
        with contextlib.suppress(OSError):
            self._socket.close()

    def __enter__(self) -> Self:
        """Begin to answer."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()
