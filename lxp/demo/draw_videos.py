"""Draws the demo's six short clips: pictures in motion, made with Pillow and encoded with ffmpeg.

    python -m lxp.demo.draw_videos                     all of them
    python -m lxp.demo.draw_videos the-pause --still 12.5    one frame as a picture, to look at while drawing

Each clip is described by `data/content/videos/<slug>.toml`: its length, its chapters and the second its poster
shows. A chapter is drawn by one function here, in the same order, so that moving a chapter in the file moves its
picture too. Captions (`<slug>.vtt`) are written by hand: the clips have no sound, the captions tell them.

A scene is a pure function of the seconds since its chapter began. It puts shapes on a `Canvas`, which only
remembers them; two moments with the same shapes share one rendered frame, and pauses cost nothing. Colours come
from the design tokens and the type is the product's own. Lengths are in pixels of the 960 x 540 frame; scenes
keep their words above y = 460, where captions don't cover them.

Needs Pillow and ffmpeg (with libvpx-vp9) on the machine of whoever draws; nothing at run time.
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VIDEOS = HERE / "data" / "content" / "videos"
FONT = ROOT / "static" / "fonts" / "sofia-sans-latin-wght-normal.woff2"
TOKENS = ROOT / "static" / "css" / "tokens.css"

WIDTH, HEIGHT, RATE = 960, 540, 25
SHARP = 2  # drawn this many times larger, then reduced: smooth edges
REGULAR, MEDIUM, BOLD, BLACK = 430, 560, 680, 780

Point = tuple[float, float]
Colour = tuple[int, int, int]
Scene = Callable[["Canvas", float], None]


# --- Colour -----------------------------------------------------------------------------------


def srgb(lightness: float, chroma: float, hue: float) -> Colour:
    """An OKLCH colour as 8-bit sRGB (matrices from Ottosson, "A perceptual color space for image processing")."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    mid = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * mid + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * mid - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * mid + 1.7076147010 * short,
    )
    red, green, blue = (
        round(255 * min(max(12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055, 0), 1)) for x in linear
    )
    return red, green, blue


@lru_cache
def token(name: str) -> Colour:
    """The light value of the design token `--name`. Raises KeyError when tokens.css doesn't know it."""
    found = re.search(rf"--{name}:[^;]*?oklch\(([\d.]+) ([\d.]+) ([\d.]+)", TOKENS.read_text())
    if not found:
        raise KeyError(f"tokens.css has no --{name}")
    lightness, chroma, hue = (float(part) for part in found.groups())
    return srgb(lightness, chroma, hue)


def blend(over: Colour, under: Colour, share: float) -> Colour:
    """`over` laid on `under` with an opacity of `share` (0 to 1)."""
    red, green, blue = (round(u + (o - u) * share) for o, u in zip(over, under, strict=True))
    return red, green, blue


BG, SURFACE, SUNKEN, RULE, CONTROL = (token(name) for name in ("bg", "surface", "sunken", "rule", "control"))
INK, INK_2, INK_3 = token("ink"), token("ink-2"), token("ink-3")
OWN, OWN_SOFT, OWN_LINE = token("own"), token("own-soft"), token("own-line")
LIVE, LIVE_SOFT, ON_LIVE = token("live"), token("live-soft"), token("on-live")
GOOD, ALERT, ALERT_SOFT = token("good"), token("alert"), token("alert-soft")
WHITE = (255, 255, 255)
SKIN_1, SKIN_2, HAIR_1, HAIR_2 = (177, 116, 84), (112, 72, 51), (45, 30, 26), (28, 22, 20)


# --- Motion -----------------------------------------------------------------------------------


def ramp(t: float, start: float, length: float = 0.5) -> float:
    """0 before `start`, 1 after `start + length`, eased in between."""
    share = min(max((t - start) / length, 0), 1)
    return round(share * share * (3 - 2 * share), 4)


def between(a: float, b: float, share: float) -> float:
    """The point `share` of the way from `a` to `b`."""
    return a + (b - a) * share


# --- Canvas -----------------------------------------------------------------------------------


@lru_cache
def face(size: float, weight: int) -> ImageFont.FreeTypeFont:
    """The product's typeface at `size` pixels of the frame."""
    font = ImageFont.truetype(str(FONT), round(size * SHARP))
    font.set_variation_by_axes([weight])
    return font


@dataclass
class Canvas:
    """The shapes of one moment, in drawing order. Equal lists of shapes are equal pictures."""

    shapes: list[tuple[Any, ...]] = field(default_factory=list)

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: Colour | None,
        *,
        radius: float = 0,
        line: Colour | None = None,
        width: float = 2,
    ) -> None:
        """A rectangle with rounded corners, from its upper left corner."""
        if w > 0 and h > 0:
            self.shapes.append(("box", x, y, w, h, fill, min(radius, w / 2, h / 2), line, width))

    def disc(
        self, x: float, y: float, r: float, fill: Colour | None, *, line: Colour | None = None, width: float = 3
    ) -> None:
        """A circle around (x, y)."""
        if r > 0:
            self.shapes.append(("disc", x, y, r, fill, line, width))

    def arc(self, x: float, y: float, r: float, share: float, colour: Colour, width: float) -> None:
        """A ring that has been filled clockwise from the top to `share` of it."""
        if share > 0:
            self.shapes.append(("arc", x, y, r, share, colour, width))

    def stroke(self, points: Sequence[Point], colour: Colour, width: float = 3) -> None:
        """A line through `points` with round joints."""
        self.shapes.append(("stroke", tuple(points), colour, width))

    def area(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled polygon."""
        self.shapes.append(("area", tuple(points), fill))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 30,
        weight: int = REGULAR,
        colour: Colour = INK,
        *,
        anchor: str = "lm",
        seen: float = 1,
        on: Colour = BG,
    ) -> None:
        """Words at (x, y); `anchor` as in Pillow. `seen` fades them in over the ground `on`. "\\n" breaks lines."""
        if seen <= 0:
            return
        lines = words.split("\n")
        top = y - (len(lines) - 1) * size * 0.61
        for number, line in enumerate(lines):
            self.shapes.append(
                ("text", x, top + number * size * 1.22, line, size, weight, blend(colour, on, seen), anchor)
            )

    def tick(self, x: float, y: float, size: float, colour: Colour) -> None:
        """A check mark centred on (x, y)."""
        points = [(x - size * 0.5, y), (x - size * 0.12, y + size * 0.38), (x + size * 0.55, y - size * 0.42)]
        self.stroke(points, colour, size * 0.24)

    def render(self) -> Image.Image:
        """The picture, 960 x 540."""
        image = Image.new("RGB", (WIDTH * SHARP, HEIGHT * SHARP), BG)
        pen = ImageDraw.Draw(image)
        for kind, *rest in self.shapes:
            PAINT[kind](pen, *rest)
        return image.reduce(SHARP)


def _paint_box(
    pen: ImageDraw.ImageDraw,
    x: float,
    y: float,
    w: float,
    h: float,
    fill: Colour | None,
    radius: float,
    line: Colour | None,
    width: float,
) -> None:
    corners = (x * SHARP, y * SHARP, (x + w) * SHARP, (y + h) * SHARP)
    pen.rounded_rectangle(corners, radius * SHARP, fill, line, round(width * SHARP) if line else 0)


def _paint_disc(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, fill: Colour | None, line: Colour | None, width: float
) -> None:
    pen.ellipse(_around(x, y, r), fill, line, round(width * SHARP) if line else 0)


def _paint_arc(
    pen: ImageDraw.ImageDraw, x: float, y: float, r: float, share: float, colour: Colour, width: float
) -> None:
    pen.arc(_around(x, y, r), -90, -90 + 360 * share, colour, round(width * SHARP))


def _paint_stroke(pen: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour, width: float) -> None:
    pen.line([(x * SHARP, y * SHARP) for x, y in points], colour, round(width * SHARP), joint="curve")
    for x, y in (points[0], points[-1]):
        pen.ellipse(_around(x, y, width / 2), colour)


def _paint_area(pen: ImageDraw.ImageDraw, points: Sequence[Point], fill: Colour) -> None:
    pen.polygon([(x * SHARP, y * SHARP) for x, y in points], fill)


def _paint_text(
    pen: ImageDraw.ImageDraw, x: float, y: float, words: str, size: float, weight: int, colour: Colour, anchor: str
) -> None:
    pen.text((x * SHARP, y * SHARP), words, colour, face(size, weight), anchor)


def _around(x: float, y: float, r: float) -> tuple[float, float, float, float]:
    return (x - r) * SHARP, (y - r) * SHARP, (x + r) * SHARP, (y + r) * SHARP


PAINT: dict[str, Callable[..., None]] = {
    "box": _paint_box,
    "disc": _paint_disc,
    "arc": _paint_arc,
    "stroke": _paint_stroke,
    "area": _paint_area,
    "text": _paint_text,
}


# --- Parts that several clips share -----------------------------------------------------------


def title(words: str, promise: str) -> Scene:
    """The opening of every clip: what it is called, what it is for, and the line that draws itself."""

    def draw(c: Canvas, t: float) -> None:
        c.text(72, 178, words, 68, BLACK, seen=ramp(t, 0, 0.4))
        c.text(72, 268, promise, 34, REGULAR, INK_2, seen=ramp(t, 0.4))
        reach = 72 + 816 * ramp(t, 0.5, 2)
        c.stroke([(72, 388), (888, 388)], RULE, 5)
        c.stroke([(72, 388), (max(reach, 73), 388)], OWN, 5)
        for number, x in enumerate((72, 276, 480, 684, 888)):
            passed = reach >= x
            if number == 2:
                c.box(x - 22, 372, 44, 32, LIVE if passed else LIVE_SOFT, radius=3, line=ON_LIVE if passed else RULE)
            else:
                c.disc(x, 388, 13, OWN if passed else SURFACE, line=OWN if passed else CONTROL)

    return draw


def heading(c: Canvas, words: str, t: float) -> None:
    """What the chapter is about, upper left."""
    c.text(72, 70, words, 40, BOLD, seen=ramp(t, 0, 0.4))


def person(c: Canvas, x: float, y: float, cloth: Colour, skin: Colour, hair: Colour) -> None:
    """Head and shoulders, standing on y."""
    c.disc(x, y + 38, 82, cloth)
    c.box(x - 84, y + 36, 168, 90, BG)
    c.box(x - 17, y - 78, 34, 48, blend(hair, skin, 0.18), radius=14)
    c.disc(x, y - 108, 46, skin)
    c.area(
        [(x + 48 * math.cos(a), y - 114 + 46 * math.sin(a)) for a in (math.pi * k / 24 for k in range(23, 50))], hair
    )
    for side in (-1, 1):
        c.disc(x + side * 17, y - 98, 4, hair)
    c.stroke([(x - 12, y - 80), (x - 4, y - 77), (x + 4, y - 77), (x + 12, y - 80)], hair, 3)


def bubble(
    c: Canvas,
    x: float,
    y: float,
    w: float,
    h: float,
    words: str,
    t: float,
    start: float,
    *,
    fill: Colour = SURFACE,
    ink: Colour = INK,
    tail: int = -1,
    size: float = 30,
    fade: float = 1,
) -> None:
    """A speech bubble that grows from its tail; `tail` is -1 for a speaker on the left and 1 on the right."""
    grown = ramp(t, start, 0.35)
    if not grown:
        return
    paper, line = blend(fill, BG, fade), blend(CONTROL, BG, fade)
    foot = x + (0.2 if tail < 0 else 0.8) * w
    left, top = foot + (x - foot) * grown, y + h * (1 - grown)
    c.box(left, top, w * grown, h * grown, paper, radius=18, line=line)
    if grown == 1:
        c.area([(foot - 14, y + h - 3), (foot + 14, y + h - 3), (foot + tail * 12, y + h + 22)], paper)
        c.stroke([(foot - 14, y + h - 1), (foot + tail * 12, y + h + 22), (foot + 14, y + h - 1)], line, 2)
    c.text(x + w / 2, y + h / 2, words, size, MEDIUM, ink, anchor="mm", seen=ramp(t, start + 0.3, 0.3) * fade, on=paper)


def numbered(c: Canvas, y: float, number: int, words: str, t: float, start: float, *, size: float = 38) -> None:
    """One line of a short list, coming in from the left."""
    seen = ramp(t, start)
    x = 72 - 24 * (1 - seen)
    c.disc(x + 30, y, 30 * seen, OWN)
    c.text(x + 30, y, str(number), 32, BOLD, WHITE, anchor="mm", seen=seen, on=OWN)
    c.text(x + 84, y, words, size, MEDIUM, seen=seen)


# --- The pause --------------------------------------------------------------------------------


def pause_quick(c: Canvas, t: float) -> None:
    heading(c, "The quick answer", t)
    person(c, 190, 470, OWN, SKIN_1, HAIR_1)
    person(c, 770, 470, LIVE, SKIN_2, HAIR_2)
    bubble(c, 60, 150, 330, 110, "The handover\nfailed again.", t, 0.5)
    bubble(
        c,
        440,
        122,
        460,
        170,
        "I know why! You should\nhave called them first,\nand then you should…",
        t,
        1.6,
        fill=LIVE_SOFT,
        tail=1,
    )
    c.text(480, 366, "One second.", 40, BOLD, anchor="mm", seen=ramp(t, 4.2))
    c.text(480, 416, "It's your answer.", 34, REGULAR, INK_2, anchor="mm", seen=ramp(t, 5.4))


def pause_count(c: Canvas, t: float) -> None:
    heading(c, "The same, with a pause", t)
    person(c, 190, 470, OWN, SKIN_1, HAIR_1)
    person(c, 770, 470, LIVE, SKIN_2, HAIR_2)
    answered = ramp(t, 9.2, 0.4)
    if t < 9.2:
        bubble(c, 60, 150, 330, 110, "The handover\nfailed again.", t, 0.4, fade=1 - 0.6 * ramp(t, 3.2))
    bubble(c, 500, 122, 400, 140, "What did you see, from\nwhere you stood?", t, 1.6, fill=LIVE_SOFT, tail=1)
    bubble(
        c, 50, 126, 380, 160, "…I think nobody told\nthe night shift.\nI can ring them today.", t, 9.2, fill=OWN_SOFT
    )
    if t >= 3.6:
        counted = min((t - 3.6) / 5, 1)
        c.disc(480, 372, 52, SURFACE)
        c.arc(480, 372, 56, 1, RULE, 9)
        c.arc(480, 372, 56, counted, OWN, 9)
        if answered == 1:
            c.tick(480, 372, 44, OWN)
        else:
            c.text(480, 373, str(min(int(counted * 5) + 1, 5)), 52, BOLD, OWN, anchor="mm", on=SURFACE)
    c.text(480, 452, "Five seconds. Their answer.", 32, BOLD, anchor="mm", seen=ramp(t, 10.6))


def pause_try(c: Canvas, t: float) -> None:
    heading(c, "In your next 1:1", t)
    numbered(c, 176, 1, "Ask one open question", t, 0.6)
    numbered(c, 266, 2, "Count to five, slowly", t, 1.8)
    numbered(c, 356, 3, "Listen to the end", t, 3.0)
    for number in range(5):
        c.disc(610 + number * 44, 266, 13, OWN if t > 3.4 + number * 0.7 else SURFACE, line=OWN)


# --- Severity ---------------------------------------------------------------------------------


def severity_questions(c: Canvas, t: float) -> None:
    heading(c, "Three questions, in this order", t)
    rows = (
        ("Could a person be harmed,", "or data be lost or exposed?", "SEV1", 0.6),
        ("Who can't do what they came for:", "all, some, nobody?", "SEV1 to 4", 5.6),
        ("Is a deadline near,", "such as billing?", "one higher", 10.6),
    )
    for number, (first, second, result, start) in enumerate(rows):
        y = 158 + number * 110
        numbered(c, y, number + 1, f"{first}\n{second}", t, start, size=32)
        seen = ramp(t, start + 2.2)
        fill = blend(ALERT_SOFT if number == 0 else LIVE_SOFT, BG, seen)
        c.box(676, y - 32, 212 * seen, 64, fill, radius=7)
        c.text(
            782, y, result, 34, BOLD, ALERT if number == 0 else ON_LIVE, anchor="mm", seen=ramp(t, start + 2.5), on=fill
        )


def severity_levels(c: Canvas, t: float) -> None:
    heading(c, "What each level sets in motion", t)
    rows = (
        ("SEV1", "Wake people. News every 30 minutes.", 816, ALERT, WHITE),
        ("SEV2", "A lead, news every hour.", 660, LIVE, ON_LIVE),
        ("SEV3", "In working hours.", 500, OWN, WHITE),
        ("SEV4", "On the board, this week.", 470, SUNKEN, INK),
    )
    for number, (level, meaning, width, fill, ink) in enumerate(rows):
        start, y = 0.6 + number * 2.2, 122 + number * 86
        c.box(72, y, width * ramp(t, start, 0.6), 70, fill, radius=7)
        seen = ramp(t, start + 0.4)
        c.text(94, y + 35, level, 36, BLACK, ink, seen=seen, on=fill)
        c.text(206, y + 35, meaning, 30, MEDIUM, ink, seen=seen, on=fill)


def severity_doubt(c: Canvas, t: float) -> None:
    heading(c, "In doubt?", t)
    lifted = ramp(t, 1.4, 0.8)
    c.box(72, 262, 220, 92, OWN, radius=7)
    c.text(182, 308, "SEV3", 44, BLACK, WHITE, anchor="mm", on=OWN)
    c.stroke([(330, 308), (between(331, 470, lifted), between(308, 208, lifted))], INK, 6)
    if lifted == 1:
        c.stroke([(442, 203), (470, 208), (460, 234)], INK, 6)
    c.box(510, 150, 320 * lifted, 92, LIVE, radius=7)
    c.text(670, 196, "SEV2", 44, BLACK, ON_LIVE, anchor="mm", seen=ramp(t, 2), on=LIVE)
    c.text(510, 296, "Take the higher one.", 38, BOLD, seen=ramp(t, 2.4))
    c.text(510, 344, "Come down when you know more.", 27, REGULAR, INK_2, seen=ramp(t, 3.4))
    c.text(72, 430, "“Suspected SEV1” is a complete sentence.", 34, MEDIUM, seen=ramp(t, 4.6))


# --- Personal data ----------------------------------------------------------------------------


def _used(quarter: int) -> float:
    """An invented winter's day of one flat: what it uses in each quarter of an hour, 0 to 1."""
    hour = quarter / 4
    kettle = 0.72 * math.exp(-(((hour - 7) / 0.55) ** 2))
    cooking = 0.95 * math.exp(-(((hour - 18.6) / 0.7) ** 2))
    evening = 0.34 if 17.5 < hour < 22.75 else 0
    return 0.07 + 0.03 * ((quarter * 7) % 3) / 2 + kettle + max(cooking, evening)


def data_day(c: Canvas, t: float) -> None:
    heading(c, "One day of one meter", t)
    drawn = 96 * ramp(t, 0.6, 6.5)
    c.stroke([(72, 420), (888, 420)], CONTROL, 3)
    for quarter in range(96):
        if quarter < drawn:
            tall = 230 * _used(quarter)
            c.box(75 + quarter * 8.5, 420 - tall, 6.5, tall, OWN, radius=2)
    for hour in (0, 6, 12, 18):
        c.text(72 + hour * 34, 444, f"{hour:02}:00", 24, REGULAR, INK_3, anchor="mm" if hour else "lm")
    for x, y, words, start in (
        (150, 356, "asleep", 2.4),
        (310, 216, "kettle, shower", 3.6),
        (480, 356, "nobody home", 5),
        (664, 152, "cooking", 6.4),
    ):
        c.text(x, y, words, 30, MEDIUM, anchor="mm", seen=ramp(t, start))
    c.text(888, 70, "No name needed.", 34, BOLD, ALERT, anchor="rm", seen=ramp(t, 8.6))


def data_cases(c: Canvas, t: float) -> None:
    heading(c, "Personal data?", t)
    rows = (
        ("A tenant's name and address", "Yes", 0.5),
        ("A meter number with its readings", "Yes", 3.0),
        ("The same, with a code for the number", "Still yes", 5.5),
        ("The average of 4,000 homes", "Usually not", 8.5),
        ("The average of three homes in a lane", "Yes", 11.0),
    )
    for number, (case, answer, start) in enumerate(rows):
        y = 138 + number * 74
        c.text(72, y, case, 32, MEDIUM, seen=ramp(t, start))
        seen = ramp(t, start + 1.1)
        yes = "es" in answer
        fill = blend(OWN if yes else SUNKEN, BG, seen)
        c.box(888 - 210 * seen, y - 26, 210 * seen, 52, fill, radius=26)
        c.text(783, y, answer, 30, BOLD, WHITE if yes else INK, anchor="mm", seen=ramp(t, start + 1.3), on=fill)
        if number < 4 and t >= start:
            c.stroke([(72, y + 37), (888, y + 37)], RULE, 1.5)


def data_question(c: Canvas, t: float) -> None:
    heading(c, "One question to ask", t)
    c.text(72, 196, "Could somebody find", 56, BLACK, seen=ramp(t, 0.4))
    c.text(72, 264, "the person?", 56, BLACK, seen=ramp(t, 0.4))
    c.text(72, 360, "If they could, treat it as personal.", 34, MEDIUM, seen=ramp(t, 2.2))
    c.text(72, 412, "Not sure? Ask the privacy team first.", 34, REGULAR, INK_2, seen=ramp(t, 4))
    found = ramp(t, 1.2, 1.4)
    for row in range(5):
        for column in range(5):
            chosen = (row, column) == (2, 3)
            c.disc(680 + column * 48, 150 + row * 48, 15, blend(ALERT, RULE, found) if chosen else RULE)
    c.disc(680 + 3 * 48, 150 + 2 * 48, between(90, 30, found), None, line=blend(ALERT, BG, found), width=5)


# --- Discovery --------------------------------------------------------------------------------

LAYERS = ("Today", "Trouble", "Cost")


def discovery(layer: int, question: str, listen: str) -> Scene:
    """One question, one layer deeper: the line on the left goes down as the call does."""

    def draw(c: Canvas, t: float) -> None:
        c.stroke([(112, 92), (112, 440)], RULE, 5)
        depth = 92 + 116 * (layer + ramp(t, 0.2, 0.9))
        c.stroke([(112, 92), (112, depth)], OWN, 5)
        c.disc(112, 92, 10, OWN)
        for number, name in enumerate(LAYERS):
            y, reached = 208 + number * 116, depth >= 207 + number * 116
            c.disc(112, y, 16, OWN if reached else SURFACE, line=OWN if reached else CONTROL)
            if number < layer:
                c.tick(112, y, 16, WHITE)
            c.text(146, y, name, 30, BOLD if number == layer else REGULAR, INK if number <= layer else INK_3)
        c.text(146, 92, "First call", 30, REGULAR, INK_2)
        c.box(330, 92, 558, 196, SURFACE, radius=12, line=RULE)
        c.text(362, 190, question, 42, BOLD, seen=ramp(t, 0.9), on=SURFACE)
        c.text(332, 348, "Listen for", 28, REGULAR, INK_3, seen=ramp(t, 3.4))
        c.text(332, 404, listen, 32, MEDIUM, seen=ramp(t, 3.6))

    return draw


def discovery_wait(c: Canvas, t: float) -> None:
    heading(c, "And after each question", t)
    c.text(72, 190, "Wait.", 84, BLACK, seen=ramp(t, 0.4))
    c.text(72, 290, "A customer who thinks for five seconds", 34, MEDIUM, seen=ramp(t, 1.4))
    c.text(72, 336, "is about to tell you something.", 34, MEDIUM, seen=ramp(t, 1.4))
    for number in range(5):
        c.disc(92 + number * 62, 412, 17, OWN if t > 1.6 + number * 0.6 else SURFACE, line=OWN)


# --- One rhythm -------------------------------------------------------------------------------

WEEKS = 52
AREAS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("Meters", (1,)),
    ("Gridline", (3, 9, 15, 21, 27, 33, 39, 45, 51)),
    ("Field", (1, 5, 10, 14, 18, 23, 27, 31, 36, 40, 44, 49)),
    ("Sales", (5, 18, 31, 44)),
    ("Support", tuple(range(0, 52))),
    ("Security", (20,)),
    ("Finance", (16, 29, 37)),
)
SHARED = (12, 25, 38, 51)


def week_x(week: float) -> float:
    """Where a week of the year stands on the drawing."""
    return 236 + week * 12.5


def rhythm_seven(c: Canvas, t: float) -> None:
    heading(c, "Seven areas, seven calendars", t)
    sweep = week_x(WEEKS * min(max((t - 5) / 4.5, 0), 1))
    for number, (area, weeks) in enumerate(AREAS):
        y, seen = 128 + number * 42, ramp(t, 0.4 + number * 0.5)
        c.text(72, y, area, 28, MEDIUM, seen=seen)
        c.stroke([(236, y), (888, y)], blend(RULE, BG, seen), 2)
        for week in weeks:
            c.disc(week_x(week), y, (5 if area == "Support" else 10) * seen, OWN)
    if 5 < t < 9.6:
        c.stroke([(sweep, 108), (sweep, 400)], ALERT, 4)
    c.text(72, 438, "No week in which all seven could change course.", 34, BOLD, seen=ramp(t, 8))


def rhythm_wait(c: Canvas, t: float) -> None:
    heading(c, "So good work had to wait", t)
    steps = (
        (72, "Meters", "new firmware\nready", OWN, WHITE, 0.5),
        (344, "Gridline", "had it down\nfor autumn", SUNKEN, INK, 2.4),
        (616, "Field and Sales", "had promised\nspring", OWN, WHITE, 4.3),
    )
    for x, area, words, fill, ink, start in steps:
        seen = ramp(t, start)
        c.box(x, 122 + 20 * (1 - seen), 248, 150, blend(fill, BG, seen), radius=12)
        c.text(x + 22, 154, area, 28, BOLD, ink, seen=seen, on=fill)
        c.text(x + 22, 218, words, 30, REGULAR, ink, seen=seen, on=fill)
    for week in range(11):
        seen = ramp(t, 6 + week * 0.14, 0.2)
        c.box(72 + week * 40, 312, 34 * seen, 34, ALERT, radius=3)
    c.text(532, 329, "eleven weeks", 36, BOLD, ALERT, seen=ramp(t, 7.2))
    c.text(72, 412, "38,000 meters in a warehouse. Nobody's mistake.", 34, MEDIUM, seen=ramp(t, 8.2))


def rhythm_one(c: Canvas, t: float) -> None:
    heading(c, "One week that all share", t)
    moved = ramp(t, 0.8, 1.8)
    for week in SHARED:
        c.box(week_x(week) - 15, 106, 30, 300 * ramp(t, 2.4), LIVE_SOFT, radius=3)
    for number, (area, weeks) in enumerate(AREAS):
        y = 128 + number * 42
        c.text(72, y, area, 28, MEDIUM)
        c.stroke([(236, y), (888, y)], RULE, 2)
        small = 5 if area == "Support" else 10
        for index, old in enumerate(weeks):
            home = SHARED[index * 4 // len(weeks)]
            c.disc(week_x(between(old, home, moved)), y, between(small, 8, moved), OWN)
        for home in SHARED[len(weeks) :] if len(weeks) < 4 else ():
            c.disc(week_x(home), y, 8 * ramp(t, 2.6), OWN)
        for home in SHARED:
            seen = ramp(t, 3.2)
            c.box(week_x(home) - 11, y - 9, 22 * seen, 18 * seen, LIVE, radius=3, line=ON_LIVE)
    c.text(72, 438, "What we need from each other comes first.", 34, BOLD, seen=ramp(t, 5.2))


# --- First week -------------------------------------------------------------------------------

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")


def day(number: int, words: str, detail: str, picture: Scene) -> Scene:
    """One day of the week: its stop on the line, what matters, and a picture of it."""

    def draw(c: Canvas, t: float) -> None:
        c.stroke([(112, 84), (848, 84)], RULE, 5)
        c.stroke([(112, 84), (112 + 184 * max(number - 1 + ramp(t, 0, 0.7), 0.01), 84)], OWN, 5)
        for index, name in enumerate(DAYS):
            x = 112 + index * 184
            done, now = index < number, index == number and ramp(t, 0, 0.7) == 1
            c.disc(
                x,
                84,
                18 if now else 14,
                OWN if done else SURFACE,
                line=OWN if done or now else CONTROL,
                width=6 if now else 3,
            )
            if done:
                c.tick(x, 84, 15, WHITE)
            c.text(x, 128, name, 28, BOLD if now else REGULAR, INK if done or now else INK_3, anchor="mm")
        c.text(72, 240, words, 46, BLACK, seen=ramp(t, 0.6))
        c.text(72, 358, detail, 32, REGULAR, INK_2, seen=ramp(t, 1.5))
        picture(c, t)

    return draw


def picture_lock(c: Canvas, t: float) -> None:
    shut = ramp(t, 1.4, 0.7)
    c.arc(744, 272 - 26 * (1 - shut), 54, 1, INK, 16)
    c.box(664, 274, 160, 130, OWN, radius=12)
    c.disc(744, 328, 15, WHITE)
    c.box(738, 334, 12, 34, WHITE, radius=5)


def picture_buddy(c: Canvas, t: float) -> None:
    person(c, between(600, 660, ramp(t, 0.8, 1)), 440, OWN, SKIN_2, HAIR_2)
    person(c, between(900, 820, ramp(t, 0.8, 1)), 440, LIVE, SKIN_1, HAIR_1)
    bubble(c, 660, 180, 150, 66, "Ask me!", t, 2.2, fill=LIVE_SOFT, tail=1, size=28)


def picture_reading(c: Canvas, t: float) -> None:
    stops = ((600, "Meter"), (712, "Link"), (824, "Gridline"))
    c.stroke([(600, 320), (824, 320)], RULE, 5)
    c.stroke([(600, 320), (600 + 224 * max(ramp(t, 1.2, 2.4), 0.01), 320)], OWN, 5)
    for number, (x, name) in enumerate(stops):
        reached = ramp(t, 1.2 + number * 1.1, 0.3)
        c.disc(x, 320, 25, blend(OWN, SURFACE, reached), line=OWN)
        c.text(x, 374, name, 26, MEDIUM, anchor="mm")
    c.text(712, 250, "0.91", 44, BLACK, OWN, anchor="mm", seen=ramp(t, 1.6))


def picture_customer(c: Canvas, t: float) -> None:
    bubble(c, 610, 216, 268, 80, "Yesterday's missing.", t, 0.9, fill=LIVE_SOFT, tail=1, size=27)
    bubble(c, 590, 332, 220, 76, "Let me look.", t, 2.4, fill=OWN_SOFT, size=27)


def picture_question(c: Canvas, t: float) -> None:
    c.disc(744, 310, 98 * ramp(t, 0.8, 0.6), OWN_SOFT, line=OWN, width=5)
    c.text(744, 308, "?", 132, BLACK, OWN, anchor="mm", seen=ramp(t, 1.2), on=OWN_SOFT)


# --- The clips --------------------------------------------------------------------------------

CLIPS: dict[str, tuple[Scene, ...]] = {
    "the-pause": (title("The pause", "Five seconds that change a conversation"), pause_quick, pause_count, pause_try),
    "severity-in-40-seconds": (
        title("Severity", "How many people should stop what they're doing?"),
        severity_questions,
        severity_levels,
        severity_doubt,
    ),
    "what-counts-as-personal-data": (
        title("Personal data", "It often looks like nothing but numbers"),
        data_day,
        data_cases,
        data_question,
    ),
    "three-discovery-questions": (
        title("Three questions", "For a first call that discovers something"),
        discovery(
            0, "What happened with last\nnight's readings by six\nthis morning?", "Hands, and whose evening that is."
        ),
        discovery(1, "Which part would you least\nlike to show your director?", "The spreadsheet beside the system."),
        discovery(
            2, "What does a bad month cost,\nand who notices first?", "A person. They should be on the next call."
        ),
        discovery_wait,
    ),
    "one-rhythm-in-a-picture": (
        title("Why one rhythm", "What it costs to plan in seven"),
        rhythm_seven,
        rhythm_wait,
        rhythm_one,
    ),
    "your-first-week-in-a-minute": (
        title("Your first week", "Five days, five things that matter"),
        day(0, "Get in, safely", "Sign in, a password manager,\na second factor.", picture_lock),
        day(1, "Meet your buddy", "For the questions you'd rather\nnot ask your manager.", picture_buddy),
        day(2, "Follow one reading", "From a kitchen meter to\na bill people trust.", picture_reading),
        day(3, "Hear a customer", "Listen in on support for\nhalf an hour.", picture_customer),
        day(4, "Ask what puzzles you", "You only see it freshly once.\nWrite it down, and ask.", picture_question),
    ),
}


def canvas_at(slug: str, clip: dict[str, Any], second: float) -> Canvas:
    """The shapes of the clip at `second`. The file must have as many chapters as the clip has scenes."""
    starts = [chapter["start"] for chapter in clip["chapters"]]
    scene, start = [pair for pair in zip(CLIPS[slug], starts, strict=True) if pair[1] <= second][-1]
    canvas = Canvas()
    scene(canvas, second - start)
    return canvas


def encode(slug: str, clip: dict[str, Any]) -> None:
    """Draws every frame and pipes them to ffmpeg: VP9 in WebM, no sound, a key frame every four seconds to seek to."""
    command = [
        "ffmpeg",
        "-loglevel",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{WIDTH}x{HEIGHT}",
        "-r",
        str(RATE),
        "-i",
        "-",
        "-an",
        "-c:v",
        "libvpx-vp9",
        "-pix_fmt",
        "yuv420p",
        "-crf",
        "43",
        "-b:v",
        "0",
        "-g",
        str(4 * RATE),
        "-deadline",
        "good",
        "-cpu-used",
        "2",
        "-row-mt",
        "1",
        "-threads",
        "2",
        "-colorspace",
        "bt709",
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
        "-vf",
        "scale=out_color_matrix=bt709:out_range=tv",
        "-fflags",
        "+bitexact",
        "-map_metadata",
        "-1",
        str(VIDEOS / f"{slug}.webm"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin
        before: Canvas | None = None
        picture = b""
        for frame in range(clip["seconds"] * RATE):
            canvas = canvas_at(slug, clip, frame / RATE)
            if canvas != before:
                before, picture = canvas, canvas.render().tobytes()
            ffmpeg.stdin.write(picture)
    if ffmpeg.returncode:
        raise SystemExit(f"ffmpeg could not encode {slug}: see its message above.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draws the clips named on the command line, or all; `--still SECOND` shows one frame of each instead."""
    parser = argparse.ArgumentParser(description="Draw the demo's clips.")
    parser.add_argument("slugs", nargs="*", choices=[*CLIPS, []], help="which clips; all without one")
    parser.add_argument("--still", type=float, help="write the frame at this second to still-<slug>.png instead")
    wanted = parser.parse_args(arguments)
    for slug in wanted.slugs or CLIPS:
        clip = tomllib.loads((VIDEOS / f"{slug}.toml").read_text())
        if wanted.still is not None:
            canvas_at(slug, clip, wanted.still).render().save(f"still-{slug}.png")
            continue
        encode(slug, clip)
        canvas_at(slug, clip, clip["poster_at"]).render().save(VIDEOS / f"{slug}.webp", quality=80, method=6)
        print(f"{slug}: {(VIDEOS / f'{slug}.webm').stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
