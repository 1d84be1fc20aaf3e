"""Logs are JSON, and hold only what they may."""

from __future__ import annotations

import io
import json
import logging

import pytest

from stillwatch.apps.watch import log_lines


@pytest.fixture
def stream():
    """Where logs go during the test."""
    text = io.StringIO()
    handler = log_lines.begin(text)
    yield text
    log_lines.end(handler)


def test_known_fields_and_nothing_else(stream):
    logging.getLogger(f"{log_lines.ROOT}.service").info("batch committed", extra={"accepted": 3, "password": "hunter2"})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"], line["accepted"]) == ("info", "batch committed", 3)
    assert "hunter2" not in stream.getvalue()


def test_a_strangers_name_does_nothing_to_a_terminal_and_is_cut(stream):
    logging.getLogger(log_lines.ROOT).warning("file set aside", extra={"origin": "\x1b]0;owned\x07\n" + "x" * 10_000})
    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    assert json.loads(line)["origin"].startswith("\\x1b]0;owned\\x07\\n")
    assert len(line) < 3 * log_lines.LONGEST


def test_an_error_is_named_without_its_text(stream):
    try:
        int("secret in here")
    except ValueError:
        logging.getLogger(log_lines.ROOT).exception("look failed")
    assert json.loads(stream.getvalue())["error"] == "ValueError"
    assert "secret in here" not in stream.getvalue()


def test_nothing_stays_behind():
    text = io.StringIO()
    log_lines.end(log_lines.begin(text))
    logging.getLogger(log_lines.ROOT).setLevel(logging.CRITICAL)
    logging.getLogger(log_lines.ROOT).warning("after the end")
    assert text.getvalue() == ""
