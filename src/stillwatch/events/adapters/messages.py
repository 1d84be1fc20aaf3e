"""Messages of every provider and tracer in one form.

One tolerant reader serves all formats, since they nest in one another (a LiteLLM log holds OpenAI messages, a
Bedrock log holds Anthropic ones): OpenAI chat and Responses items, Anthropic content blocks, Bedrock Converse
blocks, Gemini contents, OpenTelemetry GenAI parts and OpenInference messages. A part that is not recognised
counts as :attr:`PartKind.OTHER` with its canonical JSON, so that hashes stay exact. Nothing here raises.

Sources: openai 3.54 ``types/chat`` and ``types/responses``; anthropic 2.12 ``types``; Amazon Bedrock ``Message``
and ``ContentBlock``; semantic-conventions-genai ``gen-ai-input-messages.json``; openinference 0.1.42.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from stillwatch.events.adapters.fields import canonical, parsed, well_formed
from stillwatch.events.context import Message, Part, PartKind

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "function": "tool",
    "developer": "system",
    "": "user",
}
_TEXT = frozenset({"text", "input_text", "output_text", "summary_text"})
_REASONING = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
_TOOL_CALLS = frozenset(
    {"tool_use", "server_tool_use", "mcp_tool_use", "tool_call", "server_tool_call", "function_call"}
    | {"custom_tool_call", "computer_call", "local_shell_call", "mcp_call", "function"}
)
_TOOL_RESULTS = frozenset({"tool_result", "tool_call_response", "server_tool_call_response"})
_IMAGES = frozenset({"image", "image_url", "input_image"})
_MEDIA = frozenset({"document", "file", "input_file", "input_audio", "audio", "video", "blob", "uri"})


def read_messages(value: object, default_role: str = "user") -> list[Message]:
    """Messages from a conversation field: a list, one message, JSON text of either, or plain text."""
    value = parsed(value)
    if isinstance(value, str):
        return [Message(default_role, (Part(PartKind.TEXT, well_formed(value)),))] if value else []
    if isinstance(value, Mapping):
        inner = value.get("messages")
        return read_messages(inner, default_role) if isinstance(inner, list) else [_message(value, default_role)]
    if isinstance(value, list | tuple):
        return [
            _message(item, default_role) if isinstance(item, Mapping) else Message(default_role, read_parts(item))
            for item in value
        ]
    return []


def read_system(value: object) -> list[Message]:
    """A system prompt given beside the messages: text, or a list of parts."""
    parts = read_parts(parsed(value))
    return [Message("system", parts)] if parts else []


def read_parts(content: object) -> tuple[Part, ...]:
    """The parts of a message's content: text, one part, or a list of parts."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (Part(PartKind.TEXT, well_formed(content)),) if content else ()
    if isinstance(content, list | tuple):
        return tuple(part for item in content for part in read_parts(item))
    if isinstance(content, Mapping):
        return _part(content)
    return (Part(PartKind.OTHER, canonical(content)),)


def _message(item: Mapping[str, object], default_role: str) -> Message:
    """One message object; items of the Responses API stand for messages of their own."""
    item = _without_prefix(item)
    role = item.get("role")
    item_type = item.get("type")
    if not isinstance(role, str) and isinstance(item_type, str) and item_type != "message":
        return _item(item, item_type, default_role)
    role = role.lower() if isinstance(role, str) else default_role
    role = _ROLES.get(role, role)
    content = next((item[name] for name in ("parts", "contents", "content") if item.get(name) is not None), None)
    if role == "tool":
        parts = read_parts(content)
        if not any(part.kind is PartKind.TOOL_RESULT for part in parts):
            parts = (_result(content),)
    else:
        parts = read_parts(content)
    refusal = item.get("refusal")
    if isinstance(refusal, str) and refusal:
        parts += (Part(PartKind.TEXT, well_formed(refusal)),)
    calls = item.get("tool_calls")
    if isinstance(calls, list | tuple):
        parts += tuple(_call(_without_prefix(call)) for call in calls if isinstance(call, Mapping))
    legacy = item.get("function_call")
    if isinstance(legacy, Mapping):
        parts += (_call(legacy),)
    return Message(role, parts)


def _item(item: Mapping[str, object], item_type: str, default_role: str) -> Message:
    """An item of the Responses API that carries no role."""
    parts = _part(item)
    if item_type.endswith("_output") or item_type in _TOOL_RESULTS:
        return Message("tool", parts)
    if any(part.kind in {PartKind.TOOL_CALL, PartKind.REASONING} for part in parts):
        return Message("assistant", parts)
    return Message(default_role, parts)


def _part(part: Mapping[str, object]) -> tuple[Part, ...]:
    part = _without_prefix(part)
    name = part.get("type")
    kind = name if isinstance(name, str) else ""
    if kind in _REASONING or "reasoningContent" in part:
        return (Part(PartKind.REASONING, ""),)
    if kind in _TEXT or (not kind and isinstance(part.get("text"), str)):
        text = next((part[key] for key in ("text", "content") if isinstance(part.get(key), str)), "")
        return (Part(PartKind.TEXT, well_formed(str(text))),) if text else ()
    if kind == "refusal":
        return read_parts(part.get("refusal"))
    if kind in _TOOL_RESULTS or kind.endswith(("_tool_result", "_call_output")):
        found = (part[key] for key in ("content", "response", "output", "result") if part.get(key) is not None)
        return (_result(next(found, None)),)
    for key in ("toolResult", "functionResponse"):
        result = part.get(key)
        if isinstance(result, Mapping):
            return (_result(result.get("content", result.get("response"))),)
    for key in ("toolUse", "functionCall"):
        call = part.get(key)
        if isinstance(call, Mapping):
            return (_call(call),)
    if kind in _TOOL_CALLS:
        return (_call(part),)
    if kind in _IMAGES or part.get("modality") == "image" or (not kind and isinstance(part.get("image"), Mapping)):
        return (Part(PartKind.IMAGE, _digest(part)),)
    if kind in _MEDIA or (not kind and any(isinstance(part.get(key), Mapping) for key in _MEDIA)):
        return (Part(PartKind.MEDIA, _digest(part)),)
    return (Part(PartKind.OTHER, canonical(part)),)


def _call(call: Mapping[str, object]) -> Part:
    """A tool call as name and sorted arguments; arguments may be an object or JSON text."""
    inner = call.get("function")
    source = inner if isinstance(inner, Mapping) else call
    name = next((source[key] for key in ("name", "function.name", "type") if isinstance(source.get(key), str)), "")
    found = (source[key] for key in ("arguments", "input", "args", "function.arguments") if source.get(key) is not None)
    return Part(PartKind.TOOL_CALL, canonical([name, parsed(next(found, None))]))


def _result(content: object) -> Part:
    """A tool result by its content, the same whether written as text, text parts or an object."""
    texts = _texts(content)
    return Part(PartKind.TOOL_RESULT, canonical(texts.strip() if isinstance(texts, str) else parsed(texts)))


def _texts(content: object) -> object:
    """A list of text parts as one text; anything else as it stands."""
    if isinstance(content, list | tuple) and content:
        parts = read_parts(content)
        if parts and all(part.kind is PartKind.TEXT for part in parts):
            return "".join(part.value for part in parts)
    return content


def _without_prefix(value: Mapping[str, object]) -> Mapping[str, object]:
    """OpenInference names without their prefix, flat (``message.role``) or nested (``{"message": {"role": ...}}``)."""
    if "role" in value or "type" in value:
        return value
    for wrapper in ("message", "message_content", "tool_call"):
        inner = value.get(wrapper)
        if isinstance(inner, Mapping):
            return inner
    if not any(key.startswith(_PREFIXES) for key in value):
        return value
    plain: dict[str, object] = {}
    for key, item in value.items():
        prefix = next((prefix for prefix in _PREFIXES if str(key).startswith(prefix)), "")
        plain[str(key)[len(prefix) :]] = item
    return plain


_PREFIXES = ("message_content.", "message.", "tool_call.")


def _digest(part: Mapping[str, object]) -> str:
    """A short digest in place of an image or file, which may be megabytes of base64."""
    return blake2b(canonical(part).encode(), digest_size=16).hexdigest()
