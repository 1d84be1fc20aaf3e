"""One POST with nothing around it: no redirects, a time limit, the status or the reason why there is none."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from stillwatch.apps.watch.outputs.protocol import NotDelivered
from stillwatch.errors import UsageError

TIMEOUT = 15.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed message goes where it was addressed, nowhere else."""

    def redirect_request(self, *_request: object) -> None:
        """No other request follows."""


def checked(url: str, what: str) -> str:
    """``url``, if it can be posted to.

    Raises:
        UsageError: It is no web address.
    """
    if not url.startswith(("https://", "http://")):
        raise UsageError(
            f"expected an address that begins with https:// for {what}", hint="for example https://host/path"
        )
    return url


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """POST; every status of 200 to 299 counts as delivered.

    Raises:
        NotDelivered: Another status, or no answer.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - checked() saw it
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotDelivered(f"status {error.code}", _seconds(error.headers.get("Retry-After"))) from None
    except (OSError, ValueError) as error:  # the text of these may hold the address
        raise NotDelivered(type(getattr(error, "reason", error)).__name__) from None
    if not 200 <= status < 300:
        raise NotDelivered(f"status {status}")


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() and len(text) < 7 else None
