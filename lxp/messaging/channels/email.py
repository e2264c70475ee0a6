"""E-mail: one connection for many messages, and what a mail server's answers mean for a message."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress
from email.encoders import encode_base64
from email.message import Message as HeaderMessage
from email.mime.base import MIMEBase
from email.utils import formataddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from lxp.messaging.models import Message
from lxp.messaging.rendering import Written
from lxp.people.models import Organisation, User


class NotSent(Exception):
    """The mail did not go out; the text is for the ledger."""


class TryLater(NotSent):
    """The server is busy, or took the call and not this message: another try may do."""


class Unreachable(TryLater):
    """There is no server to talk to: no other message would go out either."""


class Refused(NotSent):
    """The server will never take it: the address is unknown, or the message itself is rejected."""


class Mailer:
    """A connection to the mail server, opened with the first mail, kept for the next, reopened after an error."""

    def __init__(self, connect: Callable[[], Any] = get_connection) -> None:
        self._connect = connect
        self._connection: Any = None

    def __enter__(self) -> Mailer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Harmless when nothing is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.close()

    def send(self, mail: EmailMultiAlternatives) -> None:
        """Hand one mail over. Raises TryLater, Unreachable or Refused; only a clean return means it was taken."""
        self._open()
        try:
            self._connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            raise _answer(code, text) from refused
        except smtplib.SMTPSenderRefused as refused:
            # Our own address is wrong, or we have sent too much: not the recipient's fault, so not a bounce.
            raise TryLater(_said(refused.smtp_code, refused.smtp_error)) from refused
        except smtplib.SMTPDataError as refused:
            raise _answer(refused.smtp_code, refused.smtp_error) from refused
        except smtplib.SMTPNotSupportedError as refused:
            raise Refused(f"The mail server can't take this address: {refused}") from refused
        except ValueError as error:
            raise Refused(f"This is no address or header that mail can have: {error}") from error
        except Exception as error:  # whatever a backend raises: this mail is not out, and the next must not suffer
            self.close()
            raise TryLater(f"The mail server broke off: {error}") from error

    def _open(self) -> None:
        if self._connection is not None:
            return
        connection = self._connect()
        try:
            connection.open()
        except Exception as error:
            raise Unreachable(f"The mail server could not be reached: {error}") from error
        self._connection = connection


def _answer(code: int, text: bytes | str) -> NotSent:
    return Refused(_said(code, text)) if 500 <= code < 600 else TryLater(_said(code, text))


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"The mail server said {code} {' '.join(words.split())}"


def compose(
    message: Message, written: Written, *, recipient: User, organisation: Organisation
) -> EmailMultiAlternatives:
    """The mail of a written message: text and HTML, who writes, and how to stop it with one click (RFC 8058).

    The Message-ID is the row's own, so that a mail which had to go out twice is still one mail to its reader.
    """
    sender = organisation.mail_from or settings.DEFAULT_FROM_EMAIL
    headers = {"Message-ID": message_id(message, sender), "Auto-Submitted": "auto-generated"}
    if written.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{written.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        from_email=_address(organisation.brand or organisation.name, sender),
        to=[_address(recipient.name, recipient.email)],
        headers=headers,
    )
    mail.attach_alternative(written.html, "text/html")
    for name, content, mimetype in written.attachments:
        _attach(mail, name, content, mimetype)
    return mail


def _attach(mail: EmailMultiAlternatives, name: str, content: bytes, mimetype: str) -> None:
    """Attach a file. `mimetype` may carry parameters, as in "text/calendar; method=REQUEST; charset=utf-8".

    A calendar entry with a method is also an alternative of the text: that is where Outlook and Google look for
    an invitation that can be answered, while other programs take the file.
    """
    header = HeaderMessage()
    header["Content-Type"] = mimetype
    part = MIMEBase(header.get_content_maintype(), header.get_content_subtype())
    for key, value in (header.get_params() or [])[1:]:
        part.set_param(key, value)
    part.set_payload(content)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name))
    mail.attach(part)
    if header.get_content_type() == "text/calendar" and (method := header.get_param("method")):
        mail.attach_alternative(content.decode(), f"text/calendar; method={method}")


def message_id(message: Message, sender: str) -> str:
    """The Message-ID of a ledger row, the same however often it is sent."""
    return f"<message-{message.organisation_id}-{message.pk}@{sender.rpartition('@')[2]}>"


def _address(name: str, address: str) -> str:
    """Name and address of a header; names are what people typed, and a line break in one must not end the header."""
    return formataddr((" ".join(name.split()), address), charset="utf-8")
