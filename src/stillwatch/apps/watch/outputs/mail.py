"""Changes by mail: plain text, many in one. Subject and headers hold nothing that a stranger wrote."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage

import msgspec

from stillwatch.apps.watch.outputs.protocol import Message, NotDelivered
from stillwatch.apps.watch.outputs.words import told

TOGETHER = 500
TIMEOUT = 30.0
SUBMISSION_TLS = 465


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in. Port 465 speaks TLS from the start; elsewhere STARTTLS is used where it is offered."""

    host: str
    port: int = 25
    user: str | None = None
    password: str | None = None


class Mail:
    """One sender, some recipients."""

    name = "mail"
    most = TOGETHER

    def __init__(self, server: MailServer, sender: str, recipients: Sequence[str]) -> None:
        """Addresses as the mail server takes them."""
        self._server = server
        self._sender = sender
        self._recipients = list(recipients)

    def resume(self, mark: int | None) -> None:
        """Nothing to go on from."""

    def deliver(self, messages: Sequence[Message]) -> None:
        """One mail for all of them; its Message-ID is the same at every attempt with the same changes."""
        mail = EmailMessage()
        mail["Subject"] = f"Stillwatch: {len(messages)} change{'s' if len(messages) > 1 else ''}"
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Message-ID"] = f"<{messages[0].id}.{len(messages)}@stillwatch.invalid>"
        mail.set_content("\n".join(told(messages)) + "\n")
        try:
            self._send(mail)
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(type(error).__name__) from None

    def _send(self, mail: EmailMessage) -> None:
        server, context = self._server, ssl.create_default_context()
        if server.port == SUBMISSION_TLS:
            with smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context) as line:
                self._hand_in(line, mail)
            return
        with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as line:
            line.ehlo()
            if line.has_extn("starttls"):
                line.starttls(context=context)
                line.ehlo()
            elif server.password is not None:
                raise NotDelivered("the mail server offers no encryption, and a password is to be sent")
            self._hand_in(line, mail)

    def _hand_in(self, line: smtplib.SMTP, mail: EmailMessage) -> None:
        if self._server.user is not None and self._server.password is not None:
            line.login(self._server.user, self._server.password)
        line.send_message(mail)

    def close(self) -> None:
        """Nothing is held open."""
