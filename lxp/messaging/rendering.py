"""Writing a message: its subject, text and HTML in the reader's language and on the reader's clock.

A kind has `messages/<path>.subject.txt` and `.txt`, both Jinja2; `.html` is optional, without one the text's
paragraphs are set in the frame. Bodies extend messages/base.txt and messages/base.html and fill `content`.

Every template knows: `recipient`, `organisation`, `customer_name`, `zone`, `now`, `site` (address of the platform),
`url` (what the message leads to, absolute, or ""), `params`, `reason` (why it exists) and `why` (the same), and
what the kind's context adds. `button` and `preview` are the frame's, see messages/base.html.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import css_inline
import jinja2
from django.conf import settings
from django.template import engines
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from lxp.messaging.models import Message
from lxp.messaging.registry import Kind
from lxp.messaging.unsubscribe import unsubscribe_path
from lxp.people.models import Organisation, User

_PLAIN_HTML = "messages/paragraphs.html"
# Rules that can't be written at an element (dark mode) stay in the head; nothing is fetched.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Written:
    """A message ready to go. `text` and `html` are the framed e-mail, `body` the bare words for the app."""

    subject: str
    body: str
    path: str
    text: str = ""
    html: str = ""
    unsubscribe_url: str = ""
    attachments: tuple[tuple[str, bytes, str], ...] = ()


def write(
    message: Message,
    *,
    kind: Kind,
    recipient: User,
    organisation: Organisation,
    context: Mapping[str, Any],
    as_mail: bool,
    at: datetime,
) -> Written:
    """Render `message` for its recipient; without `as_mail` only what the app shows.

    Raises jinja2.TemplateError where a template is missing, broken, or asks for what nobody gave.
    """
    zone = zoneinfo.ZoneInfo(recipient.zone)
    with translation.override(recipient.locale), timezone.override(zone):
        known = _known(message, recipient, organisation, context, at)
        # A subject is one line: line breaks in a title would be header lines of the mail.
        subject = " ".join(_template(f"{kind.template}.subject.txt").render(known).split())[:300]
        known |= {"heading": subject}
        words = _template(f"{kind.template}.txt")
        written = Written(subject=subject, body=_body(words, known), path=str(context.get("url") or ""))
        if not as_mail:
            return written
        return Written(
            subject=subject,
            body=written.body,
            path=written.path,
            text=words.render(known).strip() + "\n",
            html=_inliner.inline(_html(kind).render(known | {"body": written.body})),
            unsubscribe_url=known["unsubscribe_url"],
            attachments=tuple(context.get("attachments") or ()),
        )


def absolute(path: str) -> str:
    """An address for outside the app: the site's own paths get its address, full addresses stay."""
    return f"{settings.SITE_URL}{path}" if path.startswith("/") else path


def _known(
    message: Message, recipient: User, organisation: Organisation, context: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    url = absolute(str(context.get("url") or ""))
    action = context.get("action") or gettext("Open it")
    stoppable = not message.mandatory
    return {
        "preview": "",
        "button": {"label": action, "url": url} if url else None,
        **context,
        "recipient": recipient,
        "organisation": organisation,
        "customer_name": organisation.brand or organisation.name,
        "zone": recipient.zone,
        "now": at,
        "site": settings.SITE_URL,
        "url": url,
        "params": message.params,
        "reason": message.reason,
        "why": message.reason,
        "settings_url": absolute(reverse("messages:preferences")),
        "unsubscribe_url": absolute(unsubscribe_path(message)) if stoppable else "",
        "lang": translation.get_language() or settings.LANGUAGE_CODE,
        "text_dir": "rtl" if translation.get_language_bidi() else "ltr",
    }


def _template(name: str) -> jinja2.Template:
    return _plain(_environment()).get_template(f"messages/{name}")


def _environment() -> jinja2.Environment:
    return engines["jinja2"].env  # type: ignore[attr-defined]  # the stubs know only what all engines share


@cache
def _plain(env: jinja2.Environment) -> jinja2.Environment:
    """The same environment for subjects and texts, where "Q&A" is written as it is and nothing is markup."""
    return env.overlay(autoescape=False)


def _html(kind: Kind) -> jinja2.Template:
    return _environment().select_template([f"messages/{kind.template}.html", _PLAIN_HTML])


def _body(template: jinja2.Template, known: dict[str, Any]) -> str:
    """The words without the frame: what the `content` block says, or everything where there is none."""
    block = template.blocks.get("content")
    text = "".join(block(template.new_context(known))) if block else template.render(known)
    return text.strip()
