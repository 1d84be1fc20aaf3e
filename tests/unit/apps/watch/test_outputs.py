"""What goes out: signed, in order, and harmless to whoever reads it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import smtplib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from stillwatch.apps.watch.outputs import mail as mail_module
from stillwatch.apps.watch.outputs.chat import Chat
from stillwatch.apps.watch.outputs.lines import LinesStream
from stillwatch.apps.watch.outputs.mail import Mail, MailServer
from stillwatch.apps.watch.outputs.protocol import Message, NotDelivered
from stillwatch.apps.watch.outputs.webhook import Webhook, secret_bytes, signed
from stillwatch.apps.watch.outputs.words import LONGEST, for_chat, told
from stillwatch.errors import ConfigurationError, UsageError

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def change(kind="account.flagged", number=1, **data):
    known = {"campaign_id": "c-1", "kind": "broker", "accounts": 3, "account_id": "a", "reasons": ["shared-address"]}
    body = {"id": f"msg_{number}", "type": kind, "timestamp": "2026-10-05T00:00:00Z", "data": known | data}
    return Message(number=number, id=f"msg_{number}", body=msgspec.json.encode(body))


@pytest.fixture
def receiver():
    """A web server that remembers requests and answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, dict(self.headers), body))
            status, headers = server.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_line):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answer = [], (200, {})
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class TestWebhook:
    def test_the_signature_is_that_of_the_specification(self):
        # The example of the specification's text.
        message = Message(number=1, id="msg_p5jXN8AQM9LWM0D4loKWxJek", body=b'{"test": 2432232314}')
        headers = signed(message, 1614265330, secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_delivered_with_headers_that_verify(self, receiver):
        Webhook(receiver.url, SECRET, lambda: 7_000_000).deliver([change()])
        ((_, headers, body),) = receiver.got
        headers = {name.lower(): value for name, value in headers.items()}
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(b"s" * 32, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["webhook-timestamp"] == "7"

    @pytest.mark.parametrize(
        ("answer", "reason", "after"),
        [
            ((500, {}), "status 500", None),
            ((429, {"Retry-After": "9"}), "status 429", 9.0),
            ((302, {"Location": "/x"}), "status 302", None),
        ],
    )
    def test_anything_else_than_success_is_tried_again(self, receiver, answer, reason, after):
        receiver.answer = answer
        with pytest.raises(NotDelivered) as failed:
            Webhook(receiver.url, SECRET, lambda: 0).deliver([change()])
        assert (failed.value.reason, failed.value.after) == (reason, after)
        assert len(receiver.got) == 1

    def test_nobody_there(self):
        with pytest.raises(NotDelivered) as failed:
            Webhook("http://127.0.0.1:9/secret-path", SECRET, lambda: 0).deliver([change()])
        assert "secret-path" not in failed.value.reason

    @pytest.mark.parametrize(
        "secret", ["whsec_short", "whsec_" + base64.b64encode(b"x" * 23).decode(), "no base64 at all"]
    )
    def test_weak_secrets_are_refused_and_not_repeated(self, secret):
        with pytest.raises(ConfigurationError) as failed:
            Webhook("https://example.org", secret, lambda: 0)
        assert secret not in str(failed.value)

    def test_no_web_address(self):
        with pytest.raises(UsageError):
            Webhook("file:///etc/passwd", SECRET, lambda: 0)


class TestChat:
    def test_a_strangers_text_calls_nobody_and_is_no_markup(self, receiver):
        hostile = "<!channel> @here [click](https://evil.example) *bold* `x`\n\x1b[31m\u202e"
        Chat(receiver.url).deliver([change(account_id=hostile), change("campaign.found", 2, extraction_exchanges=5.0)])
        text = msgspec.json.decode(receiver.got[0][2])["text"]
        assert not set("<>@[]`*\x1b\u202e") & set(text)
        assert "://" not in text
        assert text.count("\n") == 1
        assert text.startswith("Campaign found: c-1 (broker), 3 accounts, about 5 extraction exchanges")

    def test_amp_comes_first(self):
        assert for_chat("&lt;") == "&amp;lt;"


class TestWords:
    def test_many_accounts_become_a_number(self):
        lines = told([change(number=n, account_id=f"a{n}") for n in range(40)])
        assert lines == ["Account flagged: 40 in c-1"]

    def test_long_names_are_cut(self):
        (line,) = told([change(account_id="x" * 10_000)])
        assert len(line) < 3 * LONGEST


class TestMail:
    def test_one_mail_with_nothing_of_a_stranger_in_its_headers(self, monkeypatch):
        sent = []

        class Server:
            def __init__(self, host, port, timeout):
                sent.append((host, port))

            def __enter__(self):
                return self

            def __exit__(self, *_error):
                pass

            def ehlo(self):
                pass

            def has_extn(self, _name):
                return False

            def send_message(self, mail):
                sent.append(mail)

        monkeypatch.setattr(mail_module.smtplib, "SMTP", Server)
        Mail(MailServer(host="mail.test", port=25), "from@test", ["to@test"]).deliver(
            [change(account_id="a\r\nBcc: everybody@test\r\n\r\nhello"), change(number=2)]
        )
        mail = sent[1]
        assert mail["Subject"] == "Stillwatch: 2 changes"
        assert mail["Bcc"] is None
        assert "a\\r\\nBcc: everybody" in mail.get_content()

    def test_a_password_is_not_sent_in_the_clear(self, monkeypatch):
        class Server:
            def __init__(self, *_place, **_options):
                pass

            def __enter__(self):
                return self

            def __exit__(self, *_error):
                pass

            def ehlo(self):
                pass

            def has_extn(self, _name):
                return False

        monkeypatch.setattr(mail_module.smtplib, "SMTP", Server)
        with pytest.raises(NotDelivered, match="no encryption"):
            Mail(MailServer(host="h", user="u", password="p"), "f@t", ["t@t"]).deliver([change()])

    def test_a_server_that_refuses(self, monkeypatch):
        def refuse(*_place, **_options):
            raise smtplib.SMTPConnectError(421, "busy")

        monkeypatch.setattr(mail_module.smtplib, "SMTP", refuse)
        with pytest.raises(NotDelivered, match="SMTPConnectError"):
            Mail(MailServer(host="h"), "f@t", ["t@t"]).deliver([change()])


class TestLinesStream:
    def test_a_reader_that_went_away_is_waited_for(self):
        class Closed:
            def write(self, _data):
                raise BrokenPipeError

        with pytest.raises(NotDelivered):
            LinesStream(Closed()).deliver([change()])
