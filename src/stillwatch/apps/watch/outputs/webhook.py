"""A signed webhook, by the Standard Webhooks specification (1.0).

Three headers go along: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, the last an HMAC-SHA256 over id, time
and body. The id is the same at every attempt, so that a receiver that has seen it can pass over it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence

from stillwatch.apps.watch.outputs.http_post import checked, post
from stillwatch.apps.watch.outputs.protocol import Message
from stillwatch.errors import ConfigurationError

PREFIX = "whsec_"
SHORTEST = 24
"""Bytes of a secret, at least, as the specification asks."""


class Webhook:
    """One address, one secret, one message at a time."""

    name = "webhook"
    most = 1

    def __init__(self, url: str, secret: str, clock: Callable[[], int]) -> None:
        """``secret`` as ``whsec_`` and base64; ``clock`` gives microseconds.

        Raises:
            UsageError: The address is none.
            ConfigurationError: The secret is none.
        """
        self._url = checked(url, "the webhook")
        self._secret = secret_bytes(secret)
        self._clock = clock

    def resume(self, mark: int | None) -> None:
        """The receiver knows the ids."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """Send them, one request each."""
        for each in messages:
            seconds = self._clock() // 1_000_000
            post(self._url, each.body, {"Content-Type": "application/json", **signed(each, seconds, self._secret)})

    def close(self) -> None:
        """Nothing is held open."""


def secret_bytes(secret: str) -> bytes:
    """The key in a secret.

    Raises:
        ConfigurationError: It is not base64, or too short.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < SHORTEST:
        raise ConfigurationError(
            f"expected a webhook secret of at least {SHORTEST} bytes in base64, after {PREFIX}",
            hint="make one with: echo whsec_$(head -c 32 /dev/urandom | base64)",
        )
    return key


def signed(message: Message, seconds: int, key: bytes) -> dict[str, str]:
    """The three headers."""
    content = f"{message.id}.{seconds}.".encode() + message.body
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message.id, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{digest}"}
