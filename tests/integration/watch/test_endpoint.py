"""The OTLP endpoint and the pages of operators, of a watch that runs as its users run it."""

from __future__ import annotations

import gzip
import json
import signal

import msgspec
import pyarrow.parquet as pq
import pytest

httpx = pytest.importorskip("httpx", reason="httpx is not installed")
pytest.importorskip("uvicorn", reason="the extra watch is not installed")
pytest.importorskip("prometheus_client", reason="the extra watch is not installed")


def span(number):
    values = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": f"a{number % 3}",
              "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "nobody must read this",
              "gen_ai.usage.output_tokens": 4}  # fmt: skip
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "chat",
        "startTimeUnixNano": str(1_790_000_000_000_000_000 + number * 10**9),
        "attributes": [
            {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
            for key, value in values.items()
        ],
    }


def lines_until(process, message):
    found = {}
    for text in process.stderr:
        line = json.loads(text)
        found[line["message"]] = line
        if line["message"] == message:
            return found
    raise AssertionError(f"the watch ended: {found}")


def test_from_an_exporter_to_figures(watch, tmp_path):
    process = watch("otlp://127.0.0.1:0", "--listen", "127.0.0.1:0", "--every", "0.2", "--out", tmp_path / "run")
    begun = lines_until(process, "pages for operators")
    endpoint = f"http://{begun['listening for OTLP']['listening']}/v1/traces"
    pages = f"http://{begun['pages for operators']['listening']}"
    token = (tmp_path / "state/_otlp.token").read_text("ascii")
    body = msgspec.json.encode({"resourceSpans": [{"scopeSpans": [{"spans": [span(n) for n in range(30)]}]}]})
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert httpx.post(endpoint, content=gzip.compress(body), headers=headers).status_code == 401
    headers["Authorization"] = f"Bearer {token}"
    for _ in range(2):  # sent again, as an exporter does that got no answer
        assert httpx.post(endpoint, content=gzip.compress(body), headers=headers, timeout=60).json() == {}
    looked = lines_until(process, "looked")["looked"]
    assert (looked["exchanges"], looked["accounts"]) == (30, 3)
    figures = httpx.get(f"{pages}/metrics").text
    assert "stillwatch_watch_exchanges_total 30.0" in figures
    assert 'stillwatch_watch_set_aside_total{reason="duplicate"} 30.0' in figures
    assert 'stillwatch_watch_requests_total{status="401"} 1.0' in figures
    assert httpx.get(f"{pages}/readyz").json() == {"ready": True, "problems": {}}
    assert httpx.get(f"{pages}/healthz").status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    rest = process.stderr.read()
    assert token not in rest
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and b"nobody must read" in path.read_bytes()]
    assert kept == []
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in (tmp_path / "state/partitions").glob("rows-*")) == 30
