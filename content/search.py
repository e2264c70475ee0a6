"""How the library's words are indexed and asked for: PostgreSQL full text by language, trigrams for slips of the pen.

Words of a question are joined by OR and ranked: joined by AND, natural questions find next to nothing (measured in
learning-ai §7). Titles weigh most, then tags, summary and text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Value
from django.db.models.expressions import Combinable

CONFIGURATIONS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
MAX_WORDS = 12
MAX_INDEXED = 200_000  # characters; a tsvector holds at most a megabyte


def configuration(language: str) -> str:
    """PostgreSQL's text search configuration for a language code such as "en-gb"; "simple" where there is none."""
    return CONFIGURATIONS.get(language.lower().split("-")[0], "simple")


def vector(*, title: str, tags: Iterable[str], summary: str, text: str, language: str) -> Combinable:
    """The index entry of an item, as an expression for an UPDATE."""
    config = configuration(language)

    def weighted(words: str, weight: str) -> SearchVector:
        return SearchVector(Value(words[:MAX_INDEXED]), config=config, weight=weight)

    return weighted(title, "A") + weighted(" ".join(tags), "B") + weighted(summary, "C") + weighted(text, "D")


def words_of(question: str) -> list[str]:
    """The words of a question, as far as they are looked for."""
    return re.findall(r"\w+", question.lower())[:MAX_WORDS]


def query(question: str, language: str) -> SearchQuery | None:
    """What to look for, in the reader's language and in English; None when the question has no words."""
    words = words_of(question)
    if not words:
        return None
    raw = " | ".join(f"{word}:*" for word in words)
    wanted = None
    for config in sorted({configuration(language), "english"}):
        one = SearchQuery(raw, config=config, search_type="raw")
        wanted = one if wanted is None else wanted | one
    return wanted
