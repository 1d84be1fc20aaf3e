"""A chat's incoming webhook: a JSON body ``{"text": ...}``, which Slack, Mattermost, Rocket.Chat and others take.

The address is the secret, so it is never logged. Many changes become one message.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stillwatch.apps.watch.outputs.http_post import checked, post
from stillwatch.apps.watch.outputs.protocol import Message
from stillwatch.apps.watch.outputs.words import for_chat, told

TOGETHER = 200


class Chat:
    """One channel."""

    name = "chat"
    most = TOGETHER

    def __init__(self, url: str) -> None:
        """``url`` as the chat gave it.

        Raises:
            UsageError: It is no web address.
        """
        self._url = checked(url, "the chat")

    def resume(self, mark: int | None) -> None:
        """Nothing to go on from."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """One text for all of them."""
        text = "\n".join(for_chat(line) for line in told(messages))
        post(self._url, msgspec.json.encode({"text": text}), {"Content-Type": "application/json"})

    def close(self) -> None:
        """Nothing is held open."""
