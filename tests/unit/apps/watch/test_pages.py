"""What operators can ask."""

from __future__ import annotations

import pytest

from stillwatch.apps.watch.gauges import FIGURES
from stillwatch.apps.watch.pulse import Pulse

httpx = pytest.importorskip("httpx", reason="httpx is not installed")
pytest.importorskip("uvicorn", reason="the extra watch is not installed")
pytest.importorskip("prometheus_client", reason="the extra watch is not installed")

from stillwatch.apps.watch import pulse as pulse_module  # noqa: E402
from stillwatch.apps.watch.pages import pages  # noqa: E402
from stillwatch.apps.watch.prometheus import REASONS, Registry  # noqa: E402
from stillwatch.apps.watch.web import Served  # noqa: E402


@pytest.fixture
def served():
    """Pages on a free port."""
    pulse, registry = Pulse(), Registry()
    with Served(pages(pulse, registry), ("127.0.0.1", 0), "pages") as server:

        def ask(page):
            return httpx.get(f"http://127.0.0.1:{server.port}{page}", timeout=10)

        ask.pulse, ask.registry = pulse, registry
        yield ask


def test_ready_once_nothing_is_in_the_way(served):
    assert served("/readyz").status_code == 503
    served.pulse.say("watch", "")
    assert served("/readyz").json() == {"ready": True, "problems": {}}
    served.pulse.say("source", "not connected")
    answer = served("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (503, {"source": "not connected"})


def test_healthy_while_the_loop_turns(served, monkeypatch):
    assert served("/healthz").status_code == 200
    monkeypatch.setattr(pulse_module, "STUCK", -1.0)
    assert served("/healthz").status_code == 503


def test_every_figure_is_there(served):
    served.registry.add("stillwatch_watch_exchanges_total", 7)
    served.registry.add("stillwatch_watch_set_aside_total", 2, reason="ts: missing")
    served.registry.set("stillwatch_watch_outbox", 3, output="webhook")
    served.registry.time("stillwatch_watch_look_seconds", 1.5)
    text = served("/metrics").text
    assert "stillwatch_watch_exchanges_total 7.0" in text
    assert 'stillwatch_watch_set_aside_total{reason="ts: missing"} 2.0' in text
    assert 'stillwatch_watch_outbox{output="webhook"} 3.0' in text
    assert "stillwatch_watch_look_seconds_count 1.0" in text
    assert [figure.name for figure in FIGURES if f"# HELP {figure.name.removesuffix('_total')}" not in text] == []


def test_reasons_out_of_the_input_make_no_endless_series(served):
    for number in range(REASONS * 3):
        served.registry.add("stillwatch_watch_set_aside_total", 1, reason=f"reason {number}")
    lines = [
        line for line in served("/metrics").text.splitlines() if line.startswith("stillwatch_watch_set_aside_total{")
    ]
    assert len(lines) == REASONS + 1
    assert f'reason="other"}} {2 * REASONS:.1f}' in "\n".join(lines)
