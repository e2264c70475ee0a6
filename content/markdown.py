"""Markdown to safe HTML. Two locks: the parser passes no HTML through, and nh3 lets only the list below out.

Headings get ids, so that the player can list the parts and link to them. A quotation that opens with bold words and a
colon (`> **Try it:** …`) becomes a callout. A picture is written `![what it shows](media:<uuid>)` and can only be a
file of the item; pictures from elsewhere become links. Links to other sites carry rel="noopener noreferrer".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import nh3
from django.urls import reverse
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "a", "img", "aside", "div",
    "ul", "ol", "li", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "loading"},
    "ol": {"start"},
    "aside": {"class"},
    "div": {"class", "tabindex"},
    "th": {"align"},
    "td": {"align"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
_MEDIA = re.compile(r"media:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")

_parser = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(["table", "strikethrough", "linkify"])


@dataclass(frozen=True)
class Heading:
    """A heading of the text: its id on the page, its words, its level there (2 to 6)."""

    id: str
    text: str
    level: int


@lru_cache(maxsize=512)
def render(text: str) -> str:
    """Safe HTML of a Markdown text. Cached: published versions never change."""
    tokens, _ = _parsed(text)
    html = _parser.renderer.render(tokens, _parser.options, {})
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


@lru_cache(maxsize=512)
def headings(text: str) -> tuple[Heading, ...]:
    """The headings of the two highest levels in use, in order."""
    _, found = _parsed(text)
    top = min((heading.level for heading in found), default=2)
    return tuple(heading for heading in found if heading.level <= top + 1)


def plain(text: str) -> str:
    """The words alone, for search and previews."""
    words = []
    for token in _parser.parse(text):
        if token.type == "inline":
            words.append("".join(_words(child) for child in token.children or []))
        elif token.type in ("fence", "code_block"):
            words.append(token.content)
    return "\n".join(words)


def excerpt(text: str, limit: int = 200) -> str:
    """The beginning of the words, cut at a space."""
    words = " ".join(plain(text).split())
    return words if len(words) <= limit else words[:limit].rsplit(" ", 1)[0] + "…"


def _parsed(text: str) -> tuple[list[Token], list[Heading]]:
    tokens = _parser.parse(text)
    found = _name_headings(tokens)
    _mark_callouts(tokens)
    _wrap_tables(tokens)
    for token in tokens:
        if token.children:
            token.children = _resolve_pictures(token.children)
    return tokens, found


def _name_headings(tokens: Sequence[Token]) -> list[Heading]:
    """Gives each heading an id that is unique on the page, one level lower: the page's own title is the h1."""
    found: list[Heading] = []
    for index, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        words = "".join(_words(child) for child in tokens[index + 1].children or [])
        level = max(2, int(token.tag[1]))
        heading_id = _free(f"s-{slugify(words)[:60] or len(found) + 1}", {heading.id for heading in found})
        token.tag = tokens[index + 2].tag = f"h{level}"
        token.attrSet("id", heading_id)
        found.append(Heading(id=heading_id, text=words, level=level))
    return found


def _free(wanted: str, taken: set[str]) -> str:
    number, candidate = 1, wanted
    while candidate in taken:
        number += 1
        candidate = f"{wanted}-{number}"
    return candidate


def _mark_callouts(tokens: list[Token]) -> None:
    opened: list[Token] = []
    for index, token in enumerate(tokens):
        if token.type == "blockquote_open":
            opened.append(token)
            if _opens_callout(tokens[index + 1 : index + 3]):
                token.tag = "aside"
                token.attrSet("class", "callout")
        elif token.type == "blockquote_close":
            token.tag = opened.pop().tag


def _opens_callout(following: Sequence[Token]) -> bool:
    if len(following) < 2 or following[1].type != "inline":
        return False
    children = [child for child in following[1].children or [] if child.type != "text" or child.content]
    if len(children) < 3 or children[0].type != "strong_open":
        return False
    return children[1].content.endswith(":") or (len(children) > 3 and children[3].content.startswith(":"))


def _wrap_tables(tokens: list[Token]) -> None:
    """A wide table scrolls by itself, also by keyboard, instead of widening the page."""
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].type in ("th_open", "td_open") and (style := tokens[index].attrs.pop("style", None)):
            tokens[index].attrSet("align", str(style).removeprefix("text-align:"))
        if tokens[index].type == "table_close":
            tokens.insert(index + 1, Token("div_close", "div", -1, block=True))
        elif tokens[index].type == "table_open":
            opening = Token("div_open", "div", 1, block=True)
            opening.attrSet("class", "scroll-x")
            opening.attrSet("tabindex", "0")
            tokens.insert(index, opening)


def _resolve_pictures(children: list[Token]) -> list[Token]:
    resolved: list[Token] = []
    for child in children:
        if child.type != "image":
            resolved.append(child)
            continue
        media = _MEDIA.fullmatch(str(child.attrGet("src") or ""))
        if media:
            child.attrSet("src", reverse("content:media", args=[media.group(1)]))
            child.attrSet("loading", "lazy")
            resolved.append(child)
        else:
            resolved += _link_instead(child)
    return resolved


def _link_instead(image: Token) -> list[Token]:
    """A picture elsewhere would tell its server who reads what: a link lets the reader decide."""
    opening = Token("link_open", "a", 1)
    opening.attrSet("href", str(image.attrGet("src") or ""))
    words = Token("text", "", 0, content=image.content or str(image.attrGet("src") or ""))
    return [opening, words, Token("link_close", "a", -1)]


def _words(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return token.content if token.type in ("text", "code_inline", "image") else ""
