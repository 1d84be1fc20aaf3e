"""Conversations as keyed hashes: which exchange goes on where another one ended, without keeping text.

``context_in`` is the keyed hash of the conversation before the last user turn, ``context_out`` the hash after
the response, so that the next request's ``context_in`` equals the former ``context_out``. A pool that deals one
conversation over several accounts shows here, whatever else it rewrites.

Both sides must come out equal although the response was written by the model's server and the next request by a
client. So the form that is hashed leaves out what clients change and keeps what was said:

* Text parts of one message are joined, line ends unified, Unicode composed (NFC), outer white space dropped.
* System and developer messages are left out: clients and relays rewrite them in mid-conversation (dates, tool
  lists), and a hand-off is about the dialogue.
* Reasoning is left out: some clients send it back, some drop it.
* Tool calls count by name and arguments (sorted JSON), tool results by content; call ids are left out, since
  relays renew them. Results sent inside a user message (Anthropic) count as tool messages of their own.
* Neighbouring messages of one role are one turn, as the providers themselves treat them.

The hash is BLAKE2b with a key (RFC 7693), 96 bits. Without the key nobody can test a guess at a conversation.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BYTES = 12
_IGNORED_ROLES = frozenset({"system"})


class PartKind(StrEnum):
    """What a part of a message is."""

    TEXT = "text"
    IMAGE = "image"
    MEDIA = "media"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    REASONING = "reasoning"
    OTHER = "other"


class Part(NamedTuple):
    """One part of a message: text as it stands, anything else in canonical JSON or as a digest."""

    kind: PartKind
    value: str


class Message(NamedTuple):
    """One message in the common form: role ``system``, ``user``, ``assistant`` or ``tool``, and its parts."""

    role: str
    parts: tuple[Part, ...]


class Dialogue(msgspec.Struct, frozen=True, kw_only=True):
    """What the contract wants to know of a conversation.

    ``turn`` is the number of user turns, 1 at least. Hashes are None where there is nothing to hash: ``context_in``
    on a first turn, ``context_out`` without a response. ``response`` is empty text where the model answered with
    tool calls only, None where there was no answer.
    """

    system_prompt: str | None = None
    prompt: str | None = None
    response: str | None = None
    turn: int = 1
    context_in: str | None = None
    context_out: str | None = None
    n_images: int | None = None


def read_dialogue(messages: Sequence[Message], response: Sequence[Message], key: bytes) -> Dialogue:
    """Describe a request's messages and the response's.

    Args:
        messages: The whole conversation as sent, oldest first.
        response: The first choice's message or messages; empty when there was none.
        key: Key of the hash, 16 to 64 bytes.
    """
    turns = _turns(messages)
    last = max((at for at, turn in enumerate(turns) if turn.role == "user"), default=None)
    state = blake2b(key=key, digest_size=_BYTES, person=b"conversation")
    context_in = None
    for at, turn in enumerate(turns):
        if at == last and at > 0:
            context_in = "k_" + state.hexdigest()
        state.update(_canonical(turn))
    answer = _turns(response)
    context_out = None
    if answer:
        # The response goes on an assistant turn that the request began (a prefilled answer).
        tail = [turns[-1], *answer] if turns and turns[-1].role == "assistant" else answer
        context_out = _after(turns, tail, key) if len(tail) > len(answer) else _finish(state, answer)
    asked = turns[last] if last is not None else None
    system = text_of((message for message in messages if message.role == "system"), joint="\n\n")
    return Dialogue(
        system_prompt=system or None,
        prompt=(text_of([asked], joint="\n\n") or None) if asked else None,
        response=text_of(response, joint="") if response else None,
        turn=max(1, sum(turn.role == "user" for turn in turns)),
        context_in=context_in,
        context_out=context_out,
        n_images=sum(part.kind is PartKind.IMAGE for part in asked.parts) if asked else None,
    )


def linked_context(name: str, key: bytes) -> str:
    """The hash of a server-side conversation state known only by its name (``previous_response_id``)."""
    return (
        "k_" + blake2b(name.encode("utf-8", "replace"), key=key, digest_size=_BYTES, person=b"server-state").hexdigest()
    )


def text_of(messages: Iterable[Message], *, joint: str) -> str:
    """The text parts of messages, joined."""
    return joint.join(part.value for message in messages for part in message.parts if part.kind is PartKind.TEXT)


def _turns(messages: Sequence[Message]) -> list[Message]:
    """The dialogue without system messages, tool results on their own, neighbours of one role merged."""
    turns: list[Message] = []
    for message in messages:
        if message.role in _IGNORED_ROLES:
            continue
        for role, parts in _split(message):
            if not parts:
                continue
            if turns and turns[-1].role == role:
                turns[-1] = Message(role, turns[-1].parts + parts)
            else:
                turns.append(Message(role, parts))
    return turns


def _split(message: Message) -> tuple[tuple[str, tuple[Part, ...]], ...]:
    kept = tuple(part for part in message.parts if part.kind is not PartKind.REASONING)
    if message.role != "user":
        return ((message.role, kept),)
    results = tuple(part for part in kept if part.kind is PartKind.TOOL_RESULT)
    rest = tuple(part for part in kept if part.kind is not PartKind.TOOL_RESULT)
    return (("tool", results), ("user", rest))


def _canonical(turn: Message) -> bytes:
    """One turn as bytes that no other turn yields: every field carries its length."""
    text = "".join(part.value for part in turn.parts if part.kind is PartKind.TEXT)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    fields = [turn.role, text]
    fields += [f"{part.kind}\x00{part.value}" for part in turn.parts if part.kind is not PartKind.TEXT]
    encoded = [field.encode("utf-8", "replace") for field in fields]
    return b"".join([len(encoded).to_bytes(4, "big"), *(len(field).to_bytes(8, "big") + field for field in encoded)])


def _finish(state: blake2b, answer: Sequence[Message]) -> str:
    after = state.copy()
    for turn in answer:
        after.update(_canonical(turn))
    return "k_" + after.hexdigest()


def _after(turns: Sequence[Message], tail: Sequence[Message], key: bytes) -> str:
    state = blake2b(key=key, digest_size=_BYTES, person=b"conversation")
    for turn in [*turns[:-1], *_turns(tail)]:
        state.update(_canonical(turn))
    return "k_" + state.hexdigest()
