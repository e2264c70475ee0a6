"""Rules that every template and stylesheet keeps, checked by reading them."""

import gzip
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))
PAGES = [path for path in TEMPLATES if path.suffix == ".html" and "messages" not in path.parts]
SHEETS = sorted((ROOT / "static/css").glob("*.css"))
SPRITE = ROOT / "static/icons/sprite.svg"

# Writing that names an icon: icon("x"), icon="x", mark or empty-state icons given by position are covered by rendering.
ICON = re.compile(r'\bicon(?:_end)?(?:_btn)?(?:\(|=)\s*"([a-z0-9-]+)"')
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
RAW_COLOUR = re.compile(r"(?:oklch|rgba?|hsla?)\(|#[0-9a-fA-F]{3,8}\b(?=[;\"' ])")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def text(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


def icons() -> list[str]:
    return re.findall(r'<symbol id="i-([a-z0-9-]+)"', SPRITE.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_compiles(path):
    engines["jinja2"].env.get_template(str(path.relative_to(ROOT / "templates")))


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_has_no_script_of_its_own(path):
    """The content policy forbids it, and htmx is told not to evaluate."""
    found = re.findall(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:|hx-on|=\"js:", text(path))
    assert found == []


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_uses_tokens_instead_of_colours(path):
    styles = " ".join(re.findall(r'(?:style|fill|stroke)="([^"]*)"', text(path)))
    assert RAW_COLOUR.findall(styles + " ") == []


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_its_icons_exist(path):
    assert set(ICON.findall(text(path))) - set(icons()) == set()


def test_the_icon_rule_sees_icons():
    """The pattern above would pass everything if it found nothing."""
    assert {"bell", "settings-2"} <= {name for path in PAGES for name in ICON.findall(text(path))}


def test_the_sprite_is_well_formed_alphabetical_and_without_doubles():
    ET.parse(SPRITE)
    assert icons() == sorted(set(icons()))


def test_stylesheets_close_what_they_open():
    for sheet in SHEETS:
        plain = re.sub(r"/\*.*?\*/|url\(\"[^\"]*\"\)", "", sheet.read_text(), flags=re.DOTALL)
        assert plain.count("{") == plain.count("}"), sheet.name


def test_every_custom_property_that_is_used_exists():
    """A mistyped token falls back to nothing and nobody sees why."""
    sheets = "".join(sheet.read_text() for sheet in SHEETS)
    markup = "".join(text(path) for path in PAGES)
    known = set(re.findall(r"(--[a-z0-9-]+)\s*:", sheets + markup)) | set(re.findall(r"@property (--[a-z-]+)", sheets))
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", sheets + markup))
    # --v, --a, --b, --m, --at, --target and the like are data that pages give in style attributes.
    data = {"--v", "--a", "--b", "--m", "--at", "--days", "--c", "--r", "--p", "--target", "--hue", "--tone"}
    assert used - known - data == set()


def test_a_page_stays_light():
    """All style and script of a page, as sent: under 60 of the 100 kB that a whole page may weigh."""
    sheets = "".join(sheet.read_text() for sheet in SHEETS).encode()
    scripts = b"".join(Path(finders.find(name)).read_bytes() for name in ("django_htmx/htmx-2.min.js", "js/lxp.js"))
    assert len(gzip.compress(sheets)) + len(gzip.compress(scripts)) < 60_000
    assert len((ROOT / "static/js/lxp.js").read_bytes()) < 8_192
