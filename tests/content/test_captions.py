"""WebVTT as browsers read it, and what is reported of what they would drop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.captions import Cue, parse, write


def read(text: str) -> tuple[list[tuple[float, float, str]], list[tuple[int, str]]]:
    found = parse(text)
    return [(c.start, c.end, c.words) for c in found.cues], [(p.line, p.what) for p in found.problems]


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello",
        "\ufeffWEBVTT - a title\r\n\r\n1\r\n00:01.000-->00:02.500 align:start position:10%\r\nHello\r\n",
        "WEBVTT\nKind: captions\n\nNOTE\nnobody reads this\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.500\nHello",
        "WEBVTT\n00:01.000 --> 00:02.500\nHello",
        "WEBVTT\r\r00:01.000\t-->\t00:02.500\rHello",
    ],
)
def test_what_browsers_read(text: str) -> None:
    assert read(text) == ([(1.0, 2.5, "Hello")], [])


@pytest.mark.parametrize(
    "text", ["", "WEBVT", "webvtt\n", "WEBVTTX\n", "<html>", "1\n00:00:01,000 --> 00:00:02,000\nSubRip"]
)
def test_what_is_not_webvtt_says_so(text: str) -> None:
    assert read(text) == ([], [(1, "signature")])


@pytest.mark.parametrize(
    "timing",
    [
        "00:00:01,000 --> 00:00:02,000", "1:00.000 --> 2:00.000", "00:61.000 --> 00:62.000", "00:00:60.000 --> 00:01:00.000",
        "00:01.0 --> 00:02.0", "0 0:01.000 --> 00:02.000", "--> 00:02.000", "00:01.000 --> soon", "00:01.0000 --> 00:02.000",
    ],
)  # fmt: skip
def test_a_time_nobody_can_read_is_reported_with_its_line(timing: str) -> None:
    assert read(f"WEBVTT\n\nfirst\n{timing}\nLost\n\n00:05.000 --> 00:06.000\nKept") == (
        [(5.0, 6.0, "Kept")],
        [(4, "timing")],
    )


def test_a_caption_that_ends_before_it_starts_is_reported() -> None:
    assert read("WEBVTT\n\n00:05.000 --> 00:04.000\nBackwards") == ([], [(3, "order")])


def test_speakers_and_tags() -> None:
    cue = Cue(0, 1, "<v.loud Noor Haddad>I <i>could</i> hear<00:00:00.500> the fan &amp; wait\nfor it</v>")
    assert (cue.speaker, cue.words) == ("Noor Haddad", "I could hear the fan & wait for it")


def test_a_cue_without_an_empty_line_before_it_is_its_own() -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:01.000\nOne\n00:01.000 --> 00:02.000\nTwo"
    assert read(text)[0] == [(0, 1, "One"), (1, 2, "Two")]


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&\r\0", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20
)
CUES = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), WORDS.filter(lambda t: t.strip() and "--" not in t)),
    max_size=8,
)


@given(CUES)
def test_what_is_written_is_read_again(cues: list[tuple[int, int, str]]) -> None:
    made = [Cue(start / 1000, (start + span) / 1000, text) for start, span, text in cues]
    assert parse(write(made)).cues == made
    assert not parse(write(made)).problems


@given(st.text(max_size=300))
def test_reading_never_fails(text: str) -> None:
    parse(text)
    parse("WEBVTT\n\n" + text)
