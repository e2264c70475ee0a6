"""The macros and frames that all screens are made of. No database."""

import re
from typing import Any

import pytest
from django import forms
from django.template import engines, loader

from lxp.web.parts import SampleForm

FORM = '{% from "lxp/macros/form.html" import field, fields, form_errors %}'
UI = '{% import "lxp/macros/ui.html" as ui %}'


def rendered(source: str, **context: Any) -> str:
    return engines["jinja2"].env.from_string(source).render(**context)


def tag(html: str, start: str) -> str:
    """The first tag of `html` that begins with `start`."""
    return re.search(re.escape(start) + r"[^>]*>", html)[0]


class Named(forms.Form):
    name = forms.CharField(help_text="As on the badge.")
    note = forms.CharField(required=False)


class Refused(Named):
    def clean(self) -> None:
        raise forms.ValidationError("Only <one> of both.")


def test_a_field_ties_hint_and_error_to_its_control():
    html = rendered(FORM + "{{ field(form.name) }}", form=Named({}))
    control = tag(html, "<input")
    assert 'aria-describedby="id_name_helptext id_name_error"' in control
    assert 'aria-invalid="true"' in control
    assert 'id="id_name_helptext">As on the badge.<' in html
    assert 'id="id_name_error"' in html
    assert '<label for="id_name"' in html


def test_a_fine_field_describes_only_its_hint():
    control = tag(rendered(FORM + "{{ field(form.name) }}", form=Named({"name": "Ana"})), "<input")
    assert 'aria-describedby="id_name_helptext"' in control
    assert "aria-invalid" not in control
    assert 'value="Ana"' in control


def test_what_was_typed_is_escaped():
    html = rendered(FORM + "{{ field(form.name) }}", form=Named({"name": '"><script>'}))
    assert "<script>" not in html


def test_optional_fields_say_so():
    assert "(optional)" in rendered(FORM + "{{ field(form.note) }}", form=Named())
    assert "(optional)" not in rendered(FORM + "{{ field(form.name) }}", form=Named())


def test_attrs_and_classes_of_widget_and_page_are_joined():
    class Wide(forms.Form):
        name = forms.CharField(widget=forms.TextInput(attrs={"class": "wide"}))

    control = tag(rendered(FORM + "{{ field(form.name, attrs={'hx-get': '/x?a=1&b=2'}) }}", form=Wide()), "<input")
    assert 'class="input wide"' in control
    assert 'hx-get="/x?a=1&amp;b=2"' in control


def test_a_lone_error_takes_the_focus_and_needs_no_summary():
    form = Named({})
    assert rendered(FORM + "{{ form_errors(form) }}", form=form).strip() == ""
    assert " autofocus" in tag(rendered(FORM + "{{ field(form.name) }}", form=form), "<input")


def test_an_error_of_the_whole_form_is_summed_up_and_takes_the_focus():
    html = rendered(FORM + "{{ form_errors(form) }}{{ fields(form) }}", form=Refused({}))
    summary = tag(html, '<div class="notice form-errors"')
    assert "autofocus" in summary
    assert 'tabindex="-1"' in summary
    assert "2 things need a change" in html
    assert "Only &lt;one&gt; of both." in html
    assert '<a href="#id_name">' in html
    assert html.count("autofocus") == 1


def test_an_unbound_form_has_no_errors():
    assert rendered(FORM + "{{ form_errors(form) }}", form=Refused()).strip() == ""


def test_every_link_of_the_summary_leads_to_a_control():
    html = rendered(FORM + "{{ form_errors(form) }}{{ fields(form) }}", form=SampleForm({}))
    targets = re.findall(r'<a href="#([^"]+)"', html)
    assert len(targets) == 5
    assert [t for t in targets if f'id="{t}"' not in html] == []


def test_choices_are_a_fieldset_with_a_legend():
    html = rendered(FORM + "{{ field(form.role) }}", form=SampleForm({}))
    assert 'aria-describedby="id_role_error"' in tag(html, "<fieldset")
    assert "<legend>You come as</legend>" in html
    assert html.count('<label class="choice">') == 2


def test_hidden_fields_have_no_label():
    class Hidden(forms.Form):
        key = forms.CharField(widget=forms.HiddenInput, initial="k")

    assert rendered(FORM + "{{ fields(form) }}", form=Hidden()).strip() == (
        '<input type="hidden" name="key" value="k" id="id_key">'
    )


def test_a_button_is_a_link_only_with_an_address():
    assert rendered(UI + "{{ ui.btn('Go', href='/a?b=1&c=2') }}") == '<a class="btn" href="/a?b=1&amp;c=2">Go</a>'
    assert rendered(UI + "{{ ui.btn('<Go>', pressed=False, type='button') }}") == (
        '<button class="btn" type="button" aria-pressed="false">&lt;Go&gt;</button>'
    )


def test_a_post_button_carries_token_and_fields():
    html = rendered(UI + "{{ ui.post('/n', 'Nudge', '<token>', fields={'who': 'a\"b'}, dense=True) }}")
    assert '<form class="inline" method="post" action="/n">&lt;token&gt;' in html
    assert 'name="who" value="a&#34;b"' in html
    assert '<button class="btn dense" type="submit">Nudge</button>' in html


def test_the_place_of_more_rows_stays_when_there_are_none():
    assert 'id="people-more" hidden' in rendered(UI + "{{ ui.more(None, 'Show more', 'people') }}")
    assert 'href="/p?page=2"' in rendered(UI + "{{ ui.more('/p?page=2', 'Show more', 'people') }}")


def test_a_stop_says_its_state_in_words():
    line = '{% from "lxp/macros/line.html" import line %}{{ line(stops, "Way", mini=True) }}'
    html = rendered(line, stops=[{"kind": "live", "state": "missed", "title": "Lab"}])
    assert "Lab, missed" in html
    assert '<ol class="line" aria-label="Way">' in html


def frame(**changes: Any) -> dict[str, Any]:
    """What the context processor gives the frame."""
    learn = {"key": "learn", "label": "Learn", "url": "/"}
    return {
        "customer": "Fernhill & Sons",
        "person": {"name": "Inês Carvalho", "initials": "IC", "hue": 205, "email": "ines@fernhill.example"},
        "workspace": learn,
        "workspaces": [learn],
        "places": [{"label": "Home", "url": "/", "icon": "house", "current": True}],
        "unread": 0,
        "theme": "",
        "lang": "en-gb",
        "text_dir": "ltr",
        "search_url": "/search",
        "csrf_token": "token",
        "csrf_input": "",
        **changes,
    }


PAGE = '{% extends "lxp/base.html" %}{% block title %}Home{% endblock %}{% block content %}<h1>Hello</h1>{% endblock %}'


def test_the_frame_names_page_and_customer():
    html = rendered(PAGE, **frame())
    assert "<title>Home – Fernhill &amp; Sons</title>" in html
    assert '<a class="skip" href="#main">' in html
    assert "data-theme" not in html.split(">", 2)[1]


def test_the_switch_is_for_people_with_more_than_one_workspace():
    assert "Workspaces" not in rendered(PAGE, **frame())
    team = {"key": "team", "label": "Team", "url": "/team"}
    both = rendered(PAGE, **frame(workspaces=[frame()["workspace"], team]))
    assert both.count('href="/team"') == 2  # in the bar, and in the account menu on phones


def test_theme_and_direction_are_set_by_the_server():
    html = rendered(PAGE, **frame(theme="dark", lang="ar", text_dir="rtl"))
    assert '<html lang="ar" dir="rtl" data-theme="dark">' in html


class Said:
    """A message as Django's message framework hands it over."""

    def __init__(self, text: str, extra_tags: str = "", level_tag: str = "success") -> None:
        self.text, self.extra_tags, self.level_tag = text, extra_tags, level_tag

    def __str__(self) -> str:
        return self.text


def test_messages_become_toasts_with_undo():
    html = rendered(PAGE, **frame(messages=[Said("Nudge to <Ben> sent", "undo:/undo/7"), Said("Saved")]))
    assert "Nudge to &lt;Ben&gt; sent" in html
    assert 'action="/undo/7"' in html
    assert html.count('class="toast"') == 2
    assert html.count(">Undo<") == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 503, "csrf", "offline", 418])
def test_every_error_page_renders_with_nothing_but_its_status(status):
    html = loader.render_to_string("lxp/error.html", {"status": status})
    assert html.count("<h1>") == 1
    assert 'href="/"' in html


def test_an_error_says_its_detail_and_what_to_quote():
    html = loader.render_to_string(
        "lxp/error.html", {"status": 403, "detail": "For: <designers>.", "request_id": "ab12"}
    )
    assert "For: &lt;designers&gt;." in html
    assert "ab12" in html


def test_confirm_makes_the_safe_choice_the_first():
    question = {
        "title": "Cancel the session?", "effect": "24 people are told.", "action_url": "/cancel",
        "confirm_label": "Cancel session", "cancel_url": "/back", "csrf_input": "",
    }  # fmt: skip
    html = loader.render_to_string("lxp/confirm_dialog.html", question)
    assert 'id="dialog-title">Cancel the session?<' in html
    assert '<a class="btn primary" href="/back" data-close="" autofocus="">Keep it</a>' in html
    assert "btn danger" in html


def test_a_mail_has_one_button_and_says_why():
    mail = {"customer_name": "Fernhill", "heading": "Thursday at 15:00", "reason": "You are on the list.",
            "button": {"label": "Open", "url": "https://x.example/a?b=1&c=2"}}  # fmt: skip
    html = loader.render_to_string("messages/base.html", mail)
    assert '<a class="button" href="https://x.example/a?b=1&amp;c=2">Open</a>' in html
    assert "Stop e-mails" not in html
    text = loader.render_to_string("messages/base.txt", mail | {"unsubscribe_url": "https://x.example/u"})
    assert "https://x.example/a?b=1&c=2" in text
    assert "https://x.example/u" in text
