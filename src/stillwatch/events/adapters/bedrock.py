"""Amazon Bedrock: model invocation logs, from S3 or CloudWatch, joined with CloudTrail for the address.

Bodies above 100 kB stand in objects of their own (``inputBodyS3Path``): such a record is read as metadata only.
The log names no address and no user agent; CloudTrail's record of the same ``requestID`` does (``--join``).

Sources: Amazon Bedrock user guide, "Monitor model invocation using CloudWatch Logs and Amazon S3";
AWS CloudTrail record contents (``requestID``, ``sourceIPAddress``, ``userAgent``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.events.adapters.bodies import (
    Answer,
    answer,
    checked_body,
    columns,
    error_status,
    read_conversation,
    read_parameters,
    read_usage,
)
from stillwatch.events.adapters.fields import Fields, parsed
from stillwatch.events.adapters.protocol import (
    AdapterContext,
    Caller,
    NotAnExchange,
    Outcome,
    Read,
    Record,
    account_of,
    each,
    moment_of,
)
from stillwatch.events.adapters.streams import stream_kind
from stillwatch.events.model import Exchange

_STREAMED = frozenset({"InvokeModelWithResponseStream", "ConverseStream", "InvokeModelWithBidirectionalStream"})
_ENDPOINTS = {
    "Converse": "converse",
    "ConverseStream": "converse",
    "InvokeModel": "invoke",
    "InvokeModelWithResponseStream": "invoke",
    "InvokeModelWithBidirectionalStream": "invoke",
    "CreateModelInvocationJob": "batch",
}
_ERRORS = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 429,
    "ServiceUnavailableException": 503,
}
_NO_TEXT_MODELS = ("embed", "rerank", "stable-diffusion", "titan-image", "nova-canvas", "nova-reel")


class BedrockAdapter:
    """Model invocation logs."""

    name = "bedrock"
    versions = ("ModelInvocationLog 1.0",)

    def sniff(self, record: Record) -> bool:
        """A log record, or CloudWatch's wrapping of one."""
        return any(isinstance(entry, Mapping) and _is_log(entry) for entry in _entries(record))

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a log record; a CloudWatch batch holds several."""
        return each(_entries(record), "message", lambda entry: _exchange(entry, context))


def cloudtrail_callers(record: Record) -> dict[str, Caller]:
    """Request id to address and user agent, from a CloudTrail file (``Records``) or one CloudTrail event.

    Addresses that are names of AWS services (``bedrock.amazonaws.com``) are left out. Never raises.
    """
    events = record.get("Records")
    callers: dict[str, Caller] = {}
    for event in events if isinstance(events, list | tuple) else (record,):
        if not isinstance(event, Mapping) or not str(event.get("eventSource", "")).startswith("bedrock"):
            continue
        request_id, address, agent = (event.get(name) for name in ("requestID", "sourceIPAddress", "userAgent"))
        if isinstance(request_id, str):
            known = (
                address
                if isinstance(address, str) and not address.endswith((".amazonaws.com", "AWS Internal"))
                else None
            )
            callers[request_id] = Caller(known, agent if isinstance(agent, str) else None)
    return callers


def _entries(record: Record) -> Iterator[object]:
    """The log records in a record: itself, or the ``message`` of CloudWatch's events."""
    events = record.get("logEvents")
    if isinstance(events, list | tuple):
        for event in events:
            yield parsed(event.get("message")) if isinstance(event, Mapping) else event
    elif "schemaType" not in record and "message" in record:
        yield parsed(record["message"])
    else:
        yield record


def _is_log(entry: Mapping[str, object]) -> bool:
    return entry.get("schemaType") == "ModelInvocationLog" or {"modelId", "requestId", "operation"} <= entry.keys()


def _exchange(record: Record, context: AdapterContext) -> Read:
    row = Fields(record)
    model = row.need("modelId")
    if any(part in model for part in _NO_TEXT_MODELS):
        return NotAnExchange("Bedrock model that writes no text")
    operation = row.text("operation") or "InvokeModel"
    request_id = row.need("requestId")
    asked, answered = row.child("input"), row.child("output")
    # A pointer to S3 in place of a body, or no body at all: metadata only.
    request = checked_body(asked, "inputBodyJson") if isinstance(parsed(asked.raw("inputBodyJson")), Mapping) else None
    response = parsed(answered.raw("outputBodyJson"))
    stream = answer(answered, "outputBodyJson") if stream_kind(response) else Answer({})
    response = stream.body if stream.streamed else response
    parameters = read_parameters(Fields(request or {}, "input.inputBodyJson."))
    usage = read_usage(Fields(response if isinstance(response, Mapping) else {}, "output.outputBodyJson."))
    caller = context.callers.get(request_id)
    spent = [asked.integer(f"{name}TokenCount") for name in ("input", "cacheReadInput", "cacheWriteInput")]
    made = answered.integer("outputTokenCount")
    exchange = Exchange(
        exchange_id=request_id,
        ts=moment_of(row, context, "timestamp"),
        account_id=account_of(record, row, context, "accountId"),
        conversation_id=row.child("requestMetadata").ident("sessionId", "session_id", "conversationId"),
        ip=caller.ip if caller else None,
        user_agent=caller.user_agent if caller else None,
        model=model,
        endpoint=_ENDPOINTS.get(operation, "invoke"),
        n_tools=parameters.n_tools or 0,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        stream=operation in _STREAMED,
        input_tokens=min(sum(part or 0 for part in spent), 2**31 - 1) or usage.input_tokens or 0,
        output_tokens=made if made is not None else (usage.output_tokens or 0),
        channel="cloud:bedrock",
        reasoning_tokens=usage.reasoning_tokens,
        status=_status(row, stream.body),
        **columns(read_conversation(request or {}, response, context.hash_key)),
    )
    return stream.onto(exchange)


def _status(row: Fields, stream: Record) -> int:
    """The error that the log names, or the one in which a stream ended; else 200."""
    code = row.text("errorCode")
    if code is None:
        return error_status(stream) or 200
    return int(code) if code.isdigit() and 100 <= int(code) <= 999 else _ERRORS.get(code, 500)
