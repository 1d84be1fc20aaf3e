"""The pages of operators: ``/metrics``, ``/healthz`` (the loop turns), ``/readyz`` (everything it needs works)."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.apps.watch.extras import needed
from stillwatch.apps.watch.gauges import Gauges
from stillwatch.apps.watch.prometheus import CONTENT_TYPE, Registry
from stillwatch.apps.watch.pulse import Pulse

JSON = "application/json"


def pages(pulse: Pulse, gauges: Gauges) -> Any:
    """The application.

    Raises:
        UsageError: A library is not installed.
    """
    applications, routing = needed("starlette.applications", "watch"), needed("starlette.routing", "watch")
    response = needed("starlette.responses", "watch").Response

    async def metrics(_request: Any) -> Any:
        text = gauges.text() if isinstance(gauges, Registry) else b""
        return response(text, media_type=CONTENT_TYPE)

    async def healthy(_request: Any) -> Any:
        alive = pulse.alive()
        return response(msgspec.json.encode({"alive": alive}), 200 if alive else 503, media_type=JSON)

    async def ready(_request: Any) -> Any:
        problems = pulse.problems()
        body = msgspec.json.encode({"ready": not problems, "problems": problems})
        return response(body, 503 if problems else 200, media_type=JSON)

    route = routing.Route
    return applications.Starlette(
        routes=[route("/metrics", metrics), route("/healthz", healthy), route("/readyz", ready)]
    )
