"""Pages as people read them: headings, words and links of an HTML response."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

HIDDEN = {"head", "script", "style"}
FRAME = {"topbar", "tabbar", "skip"}
VOID = {"meta", "link", "br", "hr", "input", "img", "source", "track", "wbr", "use", "path", "rect", "circle"}


class _Reader(HTMLParser):
    """Collects the words of a page without its frame, with links, forms and headings apart."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.links: dict[str, str] = {}
        self.posts: list[str] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form" and found.get("method") == "post" and not self._in_frame():
            self.posts.append(found.get("action") or "")
        if tag not in VOID:
            self._open.append((tag, found, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing inside: <use/>, <path/>."""

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, attrs, words = self._open.pop()
            text = " ".join(" ".join(words).split())
            if name in ("h1", "h2", "h3"):
                self.headings.append((name, text))
            if name == "a" and attrs.get("href") and not self._in_frame():
                self.links[attrs.get("aria-label") or text] = attrs["href"] or ""
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._in_frame():
            return
        self.words.append(data)
        for _tag, _attrs, words in self._open:
            words.append(data)

    def _in_frame(self) -> bool:
        return any(tag in HIDDEN or attrs.get("class") in FRAME for tag, attrs, _words in self._open)


class Page:
    """One response: `text` (words, spaces collapsed), `h1`, `headings`, `links` by name, `posts` (form addresses)."""

    def __init__(self, response: Any) -> None:
        assert response.status_code == 200, f"{response.status_code} {response.headers.get('Location', '')}"
        self.html = response.content.decode()
        reader = _Reader()
        reader.feed(self.html)
        self.text = " ".join(" ".join(reader.words).split())
        self.headings = reader.headings
        self.links = reader.links
        self.posts = reader.posts

    @property
    def h1(self) -> str:
        (found,) = [text for tag, text in self.headings if tag == "h1"]
        return found

    def __contains__(self, words: str) -> bool:
        return words in self.text
