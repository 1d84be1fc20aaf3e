"""The OTLP endpoint: answers after the commit, bounds at every step, JSON and protobuf alike."""

from __future__ import annotations

import gzip
import threading
import time

import msgspec
import pytest

from stillwatch.apps.watch.gauges import Unmeasured
from stillwatch.apps.watch.sources import otlp as module
from stillwatch.apps.watch.sources.records import Records
from stillwatch.errors import UsageError
from stillwatch.events.adapters.protocol import AdapterContext

httpx = pytest.importorskip("httpx", reason="httpx is not installed")
pytest.importorskip("uvicorn", reason="the extra watch is not installed")
json_format = pytest.importorskip("google.protobuf.json_format", reason="the extra watch is not installed")
service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

TOKEN = "t" * 32
SHOWN = {"Authorization": f"Bearer {TOKEN}"}


def attribute(key, value):
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value)}}


def span(number, **more):
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m-large",
        "user.id": f"a{number}",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        **more,
    }
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "chat",
        "startTimeUnixNano": str(1_790_000_000_000_000_000 + number),
        "attributes": [attribute(key, value) for key, value in attributes.items()],
    }


def export(*spans):
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": list(spans)}]}]}


def protobuf(record):
    """The same request as protobuf; its JSON has hexadecimal ids, the library's has base64."""
    import base64  # noqa: PLC0415

    plain = msgspec.json.decode(msgspec.json.encode(record))
    for each in plain["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId"):
            each[name] = base64.b64encode(bytes.fromhex(each[name])).decode()
    return json_format.ParseDict(plain, service.ExportTraceServiceRequest()).SerializeToString()


@pytest.fixture
def endpoint(request):
    """An endpoint on a free port, and what was committed; commits follow at once unless the mark says so."""
    source = module.OtlpSource(
        ("127.0.0.1", 0), TOKEN, lambda: Records(None, AdapterContext(hash_key=b"k" * 32)), lambda: 0, Unmeasured()
    )
    source.batches, ending = [], threading.Event()

    def commit():
        while not ending.is_set():
            batch = source.next(0.05)
            if batch is not None:
                source.batches.append(batch)
                source.done(batch)

    thread = threading.Thread(target=commit, daemon=True)
    if not request.node.get_closest_marker("parametrize") or "idle" not in request.node.name:
        thread.start()
    source.url = f"http://127.0.0.1:{source.port}"
    yield source
    ending.set()
    source.close()


def send(endpoint, body, *, kind="traces", **headers):
    shown = {"Content-Type": "application/json", **SHOWN, **headers}
    return httpx.post(f"{endpoint.url}/v1/{kind}", content=body, headers=shown, timeout=30)


def taken(endpoint):
    return [row for batch in endpoint.batches for row in batch.table.to_pylist()]


class TestTaking:
    def test_json_and_protobuf_give_the_same_rows(self, endpoint):
        record = export(span(1), span(2, **{"user.id": "b"}))
        assert send(endpoint, msgspec.json.encode(record)).json() == {}
        json_rows = taken(endpoint)
        endpoint.batches.clear()
        answer = send(endpoint, protobuf(record), **{"Content-Type": "application/x-protobuf"})
        assert service.ExportTraceServiceResponse.FromString(answer.content) == service.ExportTraceServiceResponse()
        assert taken(endpoint) == json_rows
        assert [row["account_id"] for row in json_rows] == ["a1", "b"]

    def test_gzip(self, endpoint):
        body = gzip.compress(msgspec.json.encode(export(span(1))))
        assert send(endpoint, body, **{"Content-Encoding": "gzip"}).status_code == 200
        assert len(taken(endpoint)) == 1

    def test_logs(self, endpoint):
        record = {"timeUnixNano": "1790000000000000000", "eventName": "gen_ai.client.inference.operation.details",
                  "traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "attributes": span(1)["attributes"]}  # fmt: skip
        body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
        assert send(endpoint, msgspec.json.encode(body), kind="logs").status_code == 200
        assert len(taken(endpoint)) == 1

    def test_what_cannot_be_used_is_a_partial_success(self, endpoint):
        bad = span(3)
        bad["attributes"] = [each for each in bad["attributes"] if each["key"] != "user.id"]
        answer = send(endpoint, msgspec.json.encode(export(span(1), bad)))
        assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
        assert len(taken(endpoint)) == 1


class TestRefusing:
    @pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic x", TOKEN[:-1]])
    def test_without_the_token(self, endpoint, header):
        answer = send(endpoint, b"{}", Authorization=header)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            (b"{no json", {}, 400),
            (b"[]", {}, 400),
            (b"\xff\xff\xff", {"Content-Type": "application/x-protobuf"}, 400),
            (b"not gzip", {"Content-Encoding": "gzip"}, 400),
            (gzip.compress(b"{}")[:-9], {"Content-Encoding": "gzip"}, 400),
            (b"{}", {"Content-Encoding": "br"}, 415),
        ],
    )
    def test_what_is_no_export(self, endpoint, body, headers, status):
        assert send(endpoint, body, **headers).status_code == status

    @pytest.mark.parametrize("packed", [True, False])
    def test_what_is_too_large(self, endpoint, monkeypatch, packed):
        monkeypatch.setattr(module, "LARGEST", 1_000)
        body = b" " * 2_000 + b"{}"
        headers = {"Content-Encoding": "gzip"} if packed else {}
        assert send(endpoint, gzip.compress(body) if packed else body, **headers).status_code == 413

    @pytest.mark.parametrize("state", ["idle"])
    def test_what_waits_for_its_commit_too_long_may_come_again(self, endpoint, monkeypatch, state):
        monkeypatch.setattr(module, "PATIENCE", 0.1)
        answer = send(endpoint, msgspec.json.encode(export(span(1))))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, module.AGAIN)

    @pytest.mark.parametrize("state", ["idle"])
    def test_when_too_much_waits(self, endpoint, monkeypatch, state):
        monkeypatch.setattr(module, "PATIENCE", 1.0)
        monkeypatch.setattr(module, "WAITING_BYTES", 1)
        answer = send(endpoint, msgspec.json.encode(export(span(1))))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, module.AGAIN)

    @pytest.mark.parametrize("state", ["idle"])
    def test_the_queue_is_bounded(self, endpoint, monkeypatch, state):
        monkeypatch.setattr(module, "PATIENCE", 1.5)
        body = msgspec.json.encode(export(span(1)))
        statuses = []
        senders = [
            threading.Thread(target=lambda: statuses.append(send(endpoint, body).status_code))
            for _ in range(module.WAITING + 6)
        ]
        for each in senders:
            each.start()
        for each in senders:
            each.join(60)
        assert statuses.count(429) == 6
        assert statuses.count(503) == module.WAITING

    def test_an_open_endpoint_without_a_token_is_refused(self):
        with pytest.raises(UsageError, match="this machine alone"):
            module.OtlpSource(("0.0.0.0", 0), None, Records, lambda: 0, Unmeasured())

    def test_a_place_that_is_taken(self, endpoint):
        with pytest.raises(UsageError, match="cannot listen"):
            module.OtlpSource(("127.0.0.1", endpoint.port), TOKEN, Records, lambda: 0, Unmeasured())


def test_a_token_is_made_once_and_is_the_owners_alone(tmp_path):
    token = module.token_of(None, tmp_path)
    assert module.token_of(None, tmp_path) == token
    assert len(token) > 30
    assert (tmp_path / module.TOKEN).stat().st_mode & 0o777 == 0o600
    assert module.token_of("given", tmp_path) == "given"


def test_answers_wait_for_the_commit(tmp_path):
    source = module.OtlpSource(
        ("127.0.0.1", 0), None, lambda: Records(None, AdapterContext(hash_key=b"k" * 32)), lambda: 0, Unmeasured()
    )
    answers = []
    url = f"http://127.0.0.1:{source.port}/v1/traces"
    sender = threading.Thread(
        target=lambda: answers.append(
            httpx.post(url, content=msgspec.json.encode(export(span(1))), timeout=30).status_code
        )
    )
    sender.start()
    batch = source.next(10)
    time.sleep(0.2)
    assert answers == []
    source.done(batch)
    sender.join(10)
    assert answers == [200]
    source.close()
