"""Pages about people: what they say, what they refuse, what they cost."""

import html
import re

import pytest
from django.urls import reverse

from lxp.people.models import ApiToken, Audience, Holiday, JobRole, Membership, PeopleImport, Team, User
from tests.factories import people, skills

LIST = reverse("people:list")
SETTINGS = reverse("people:settings")


def settings_of(user, **changes):
    return {
        "name": user.name, "zone": user.zone, "locale": "en-gb", "theme": "", "work_start": "09:00", "work_end": "17:30",
        "work_days": ["1", "2", "3", "4", "5"], "quiet_from": "", "quiet_until": "", **changes,
    }  # fmt: skip


# ---------------------------------------------------------------- settings


def test_settings_say_what_time_it_is_for_the_person(world, asha_client):
    shown = asha_client.get(SETTINGS).text
    assert "<h1>It is now 14:30 for you</h1>" in shown  # 09:00 UTC in India
    assert "UTC+5:30" in shown


def test_settings_are_kept_and_hold_at_once(world, asha_client):
    response = asha_client.post(
        SETTINGS,
        settings_of(world.asha, zone="lisbon", theme="dark", quiet_from="18:00", quiet_until="07:30"),
        follow=True,
    )
    assert "It is now 09:00 for you" in response.text
    assert 'data-theme="dark"' in response.text
    world.asha.refresh_from_db()
    assert (world.asha.zone, world.asha.work_days) == ("Europe/Lisbon", [1, 2, 3, 4, 5])
    assert f"{world.asha.quiet_from:%H:%M}" == "18:00"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"zone": "Middle Earth"}, "We don’t know “Middle Earth”"),
        ({"name": ""}, "This field is required"),
        ({"locale": "xx"}, "Select a valid choice"),
        ({"work_end": "08:00"}, "has to end after it starts"),
        ({"quiet_from": "18:00"}, "Give both"),
        ({"work_days": ["8"]}, "Select a valid choice"),
        ({"work_start": "25:00"}, "Enter a valid time"),
    ],
)
def test_wrong_settings_are_kept_on_the_page_with_the_remedy(world, asha_client, changes, text):
    response = asha_client.post(SETTINGS, settings_of(world.asha, **changes))
    assert response.status_code == 422
    assert text in response.text
    world.asha.refresh_from_db()
    assert world.asha.zone == "Asia/Kolkata"


# ---------------------------------------------------------------- the list


def names_in(page):
    return set(re.findall(r'<a class="t" href="/people/\d+/" dir="auto">([^<]+)</a>', page))


def ids_in(page):
    return re.findall(r'<a class="t" href="/people/(\d+)/"', page)


def test_the_list_narrows_by_what_the_address_says(world, dana_client):
    with world.scope():
        north = people.team("North", parent=people.team("Field"))
        people.person("Ana Sol", team=north, job_role=people.job_role("engineer"))
        left = people.person("Bo Left")
        Membership.objects.filter(user=left).update(is_active=False)
    assert "6 people learn here" in dana_client.get(LIST).text
    for query, names in (
        ("text=ana+so", {"Ana Sol"}),
        ("text=CHEN.WEI%40", {"Chen Wei"}),
        ("team=field", {"Ana Sol"}),
        ("job_role=engineer", {"Ana Sol"}),
        ("role=manager", {"Chen Wei"}),
        ("state=left", {"Bo Left"}),
        ("text=%25", set()),
        ("text=%00", {"Ana Sol", "Chen Wei", "Asha Raman", "Ben Okafor", "Dana Novák", "Adi Mensah"}),
        ("role=boss&team=nowhere", {"Ana Sol", "Chen Wei", "Asha Raman", "Ben Okafor", "Dana Novák", "Adi Mensah"}),
    ):
        assert names_in(dana_client.get(f"{LIST}?{query}").text) == names, query
    assert "Nobody matches" in dana_client.get(f"{LIST}?text=nobody").text


def test_the_list_goes_on_where_it_stopped(world, dana_client):
    with world.scope():
        for _ in range(30):
            people.person("Kim Same", email=f"kim{people.number()}@fernhill.example")
    first = dana_client.get(LIST).text
    second = dana_client.get(LIST + html.unescape(re.search(r'id="people-more"><a href="([^"]+)', first).group(1))).text
    seen = [*ids_in(first), *ids_in(second)]
    assert (len(ids_in(first)), len(seen), len(set(seen))) == (25, 35, 35)
    assert 'id="people-more" hidden' in second
    assert ids_in(dana_client.get(f"{LIST}?after=x").text) == ids_in(first)


@pytest.mark.parametrize("extra", [1, 3])
def test_the_list_costs_the_same_with_any_number_of_rows(world, dana_client, queries, extra):
    with world.scope():
        people.people(extra, team=world.team)
    # user, membership, teams, job roles, skills, count, rows, unread
    with queries(8):
        dana_client.get(LIST)


def test_managers_see_their_people_and_nobody_else(world, chen_client):
    shown = chen_client.get(reverse("people:reports")).text
    assert "1 person reports to you" in shown
    assert "Asha Raman" in shown
    assert "Ben Okafor" not in shown
    assert chen_client.get(reverse("people:person", args=[world.asha.pk])).status_code == 200
    assert chen_client.get(reverse("people:person", args=[world.ben.pk])).status_code == 403
    assert chen_client.get(LIST).status_code == 403


def test_everybody_sees_what_is_known_about_themselves(world, asha_client):
    Membership.unscoped.filter(user=world.asha).update(attributes={"grade": "B<script>"})
    shown = asha_client.get(reverse("people:person", args=[world.asha.pk])).text
    assert "Chen Wei" in shown
    assert "B&lt;script&gt;" in shown
    assert asha_client.get(reverse("people:edit", args=[world.asha.pk])).status_code == 403


# ---------------------------------------------------------------- changing people


def member_data(**changes):
    return {"name": "Ana Sol", "email": "ana@fernhill.example", "roles": ["learner"], "zone": "Lisbon", **changes}


def test_an_administrator_adds_somebody(world, adi_client):
    response = adi_client.post(reverse("people:new"), member_data(manager=world.chen.email, hired_on="2026-02-01"))
    ana = Membership.unscoped.get(user__email="ana@fernhill.example")
    assert response["Location"] == reverse("people:person", args=[ana.user_id])
    assert (ana.manager, ana.user.zone, ana.organisation) == (world.chen, "Europe/Lisbon", world.fernhill)
    assert not ana.user.has_usable_password()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"email": "asha.raman@FERNHILL.example"}, "Somebody with this e-mail is already here."),
        ({"email": "ana"}, "valid email"),
        ({"manager": "eve@harbour.example"}, "Nobody here has this e-mail."),
        ({"roles": []}, "This field is required"),
        ({"roles": ["king"]}, "Select a valid choice"),
        ({"team": "nowhere"}, "Select a valid choice"),
        ({"zone": "Atlantis"}, "We don’t know “Atlantis”"),
    ],
)
def test_a_wrong_new_person_is_refused_with_the_remedy(world, adi_client, changes, text):
    response = adi_client.post(reverse("people:new"), member_data(**changes))
    assert response.status_code == 422
    assert text in response.text
    assert not User.objects.filter(name="Ana Sol").exists()


def test_an_administrator_changes_somebody(world, adi_client):
    url = reverse("people:edit", args=[world.asha.pk])
    shown = adi_client.get(url).text
    assert 'value="chen.wei@fernhill.example"' in shown
    data = member_data(
        name="Asha R.", email=world.asha.email, roles=["learner", "facilitator"], manager="", team="field-operations"
    )
    assert adi_client.post(url, data).status_code == 302
    member = world.membership(world.asha)
    assert (member.user.name, member.roles, member.manager, member.team) == (
        "Asha R.", ["learner", "facilitator"], None, world.team)  # fmt: skip


def test_leaving_can_be_undone_and_the_last_administrator_stays(world, adi_client):
    gone = adi_client.post(reverse("people:leave", args=[world.asha.pk]), follow=True)
    assert "Asha Raman has left" in gone.text
    assert f'action="{reverse("people:return", args=[world.asha.pk])}"' in gone.text
    assert not world.membership(world.asha).is_active
    adi_client.post(reverse("people:return", args=[world.asha.pk]))
    assert world.membership(world.asha).is_active
    refused = adi_client.post(reverse("people:leave", args=[world.adi.pk]), follow=True)
    assert "can’t take away your own access" in refused.text
    assert world.membership(world.adi).is_active


# ---------------------------------------------------------------- audiences


def audience_data(**changes):
    return {"name": "New leads", **changes}


def test_an_audience_is_counted_before_it_is_saved(world, dana_client):
    new = reverse("people:audience-new")
    assert "5 people match today" in dana_client.get(new).text
    preview = dana_client.post(new, audience_data(roles=["manager"], preview="1"))
    assert preview.status_code == 200
    assert "1 person matches today" in preview.text
    assert "Chen Wei" in preview.text
    assert not Audience.unscoped.exists()
    fragment = dana_client.post(reverse("people:audience-reach"), audience_data(name="", roles=["manager"]))
    assert "1 person matches today" in fragment.text
    assert "<html" not in fragment.text
    saved = dana_client.post(new, audience_data(roles=["manager"]), follow=True)
    assert "Everybody whose part is manager" in saved.text


def test_an_audience_that_fits_nobody_is_flagged_with_what_to_do(world, dana_client):
    response = dana_client.post(reverse("people:audience-new"), audience_data(hired_within_days="3", preview="1"))
    assert "Nobody matches today" in response.text
    assert "Take one away" in response.text
    dana_client.post(reverse("people:audience-new"), audience_data(hired_within_days="3"))
    assert "1 audience fits nobody today" in dana_client.get(reverse("people:audiences")).text


def test_every_field_of_the_form_becomes_a_condition_and_comes_back(world, dana_client):
    with world.scope():
        skills.skill("coaching")
        people.job_role("engineer")
        Membership.objects.filter(user=world.asha).update(place="Porto")
    data = audience_data(
        job_roles=["engineer"], teams=["field-operations"], roles=["learner"], places=["Porto"], zones=["Asia/Kolkata"],
        managers=world.chen.email, hired_within_days="90", hired_before_days="3", skill="coaching", level="2.5",
        attribute="grade", values="B, C", emails=f"{world.asha.email}\n{world.ben.email}", besides=world.dana.email,
    )  # fmt: skip
    assert dana_client.post(reverse("people:audience-new"), data).status_code == 302
    audience = Audience.unscoped.get()
    assert audience.rule == {
        "all": [
            {"field": "job_role", "is": ["engineer"]},
            {"field": "team", "is": ["field-operations"]},
            {"field": "role", "is": ["learner"]},
            {"field": "place", "is": ["Porto"]},
            {"field": "zone", "is": ["Asia/Kolkata"]},
            {"field": "manager", "is": [world.chen.email]},
            {"field": "email", "is": [world.asha.email, world.ben.email]},
            {"field": "hired_within_days", "is": 90},
            {"field": "hired_before_days", "is": 3},
            {"field": "skill_below", "is": {"skill": "coaching", "level": 2.5}},
            {"field": "attributes.grade", "is": ["B", "C"]},
            {"field": "email", "is_not": [world.dana.email]},
        ]
    }
    again = dana_client.get(reverse("people:audience", args=[audience.slug])).text
    assert 'name="values" value="B, C"' in again
    assert 'name="level" value="2.5"' in again
    assert '<option value="Asia/Kolkata" selected>' in again
    unchanged = dana_client.post(reverse("people:audience", args=[audience.slug]), data)
    assert (unchanged.status_code, Audience.unscoped.get().rule) == (302, audience.rule)


def test_a_rule_the_fields_cannot_say_is_shown_as_text(world, dana_client):
    with world.scope():
        audience = people.audience({"any": [{"field": "role", "is": "manager"}, {"field": "place", "is": "Porto"}]})
    url = reverse("people:audience", args=[audience.slug])
    page = dana_client.get(url)
    assert "&quot;any&quot;" in page.text
    changed = dana_client.post(url, {"name": "Both", "text": '{"any": [{"field": "role", "is": "designer"}]}'})
    assert changed.status_code == 302
    audience = Audience.unscoped.get()
    assert audience.rule == {"any": [{"field": "role", "is": "designer"}]}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "This is not JSON"),
        ("[" * 100_000, "at most 20000"),
        ("[" * 15_000, "This is not JSON"),
        ('{"all": NaN}', "This is not JSON"),
        ("[]", "A rule is an object"),
        ('{"field": "team", "is": "nowhere"}', "There is no team “nowhere”"),
    ],
)
def test_a_wrong_text_is_kept_with_the_remedy(world, dana_client, text, error):
    response = dana_client.post(reverse("people:audience-new"), {"name": "X", "text": text})
    assert response.status_code == 422
    assert error in response.text
    assert not Audience.unscoped.exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_audiences_costs_the_same_with_any_number_of_rows(world, dana_client, queries, rows):
    with world.scope():
        for _ in range(rows):
            people.audience({"field": "team", "is": "field-operations"})
    # user, membership, audiences, teams, job roles, skills, one count for all, unread
    with queries(8):
        dana_client.get(reverse("people:audiences"))


# ---------------------------------------------------------------- the organisation


def test_quiet_hours_and_days_off(world, adi_client):
    url = reverse("people:organisation")
    data = {
        "name": "Fernhill",
        "brand": "Fernhill Learning",
        "zone": "Europe/Lisbon",
        "mail_from": "",
        "quiet_from": "20:00",
        "quiet_until": "07:00",
    }
    shown = adi_client.post(url, data, follow=True).text
    assert "– Fernhill Learning</title>" in shown
    world.fernhill.refresh_from_db()
    assert f"{world.fernhill.quiet_from:%H:%M}" == "20:00"
    assert adi_client.post(url, {**data, "zone": "nowhere"}).status_code == 422
    add = reverse("people:holiday-add")
    assert adi_client.post(add, {"day": "2026-04-25", "name": "Freedom Day", "zone": "Lisbon"}).status_code == 302
    assert "Saturday 25 April" in adi_client.get(url).text
    again = adi_client.post(add, {"day": "2026-04-25", "name": "Again", "zone": "Europe/Lisbon"})
    assert again.status_code == 422
    assert "off already: Freedom Day" in again.text
    adi_client.post(reverse("people:holiday-remove", args=[Holiday.unscoped.get().pk]))
    assert not Holiday.unscoped.exists()


def test_teams_and_job_roles_are_added_by_their_own_forms(world, adi_client):
    url = reverse("people:structure")
    assert (
        adi_client.post(url, {"add": "team", "team-name": "North", "team-parent": "field-operations"}).status_code
        == 302
    )
    assert Team.unscoped.get(slug="north").parent == world.team
    assert (
        adi_client.post(url, {"add": "job_role", "role-code": "team_lead", "role-name": "Team lead"}).status_code == 302
    )
    assert JobRole.unscoped.get().name == "Team lead"
    double = adi_client.post(url, {"add": "job_role", "role-code": "team_lead", "role-name": "Again"})
    assert double.status_code == 422
    assert "Another job role has this code." in double.text


def test_a_key_is_shown_once_works_and_can_be_revoked(world, adi_client, client):
    url = reverse("people:tokens")
    made = adi_client.post(url, {"name": "HR", "scopes": ["people:read"], "expires_on": "2026-03-31"})
    key = re.search(r'id="key" readonly value="([^"]+)"', made.text).group(1)
    assert ApiToken.keys.get_from_key(key).name == "HR"
    assert key not in adi_client.get(url).text
    token = ApiToken.unscoped.get()
    assert token.expiry_date.isoformat() == "2026-03-31T22:59:59+00:00"  # the end of the day in Lisbon
    assert token.created_by == world.adi
    adi_client.post(reverse("people:token-revoke", args=[token.prefix]))
    assert "Revoked" in adi_client.get(url).text
    assert ApiToken.unscoped.get().revoked


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": ""}, "required"),
        ({"scopes": []}, "required"),
        ({"scopes": ["people:everything"]}, "Select a valid choice"),
        ({"expires_on": "2026-03-01"}, "This day is over"),
    ],
)
def test_a_wrong_key_is_not_made(world, adi_client, changes, text):
    response = adi_client.post(reverse("people:tokens"), {"name": "HR", "scopes": ["people:read"], **changes})
    assert response.status_code == 422
    assert text in response.text
    assert not ApiToken.unscoped.exists()


# ---------------------------------------------------------------- files


def upload(client, text, name="people.csv"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    raw = text if isinstance(text, bytes) else text.encode()
    return client.post(reverse("people:imports"), {"file": SimpleUploadedFile(name, raw)}, follow=True)


def test_a_file_is_looked_at_imported_and_taken_back(world, adi_client):
    looked = upload(
        adi_client, "email,name,manager\nana@fernhill.example,Ana Sol,bo@fernhill.example\nbo@fernhill.example,Bo,\n"
    )
    assert "2 people would change" in looked.text
    assert Membership.unscoped.count() == 6
    entry = PeopleImport.unscoped.get()
    done = adi_client.post(reverse("people:import", args=[entry.pk]), follow=True)
    assert "2 people imported." in done.text
    ana = Membership.unscoped.get(user__email="ana@fernhill.example")
    assert ana.manager.email == "bo@fernhill.example"
    taken = adi_client.post(reverse("people:import-undo", args=[entry.pk]), follow=True)
    assert "Taken back for 2 people." in taken.text
    assert not Membership.unscoped.filter(user__email="ana@fernhill.example", is_active=True).exists()
    assert "nothing to undo" in adi_client.post(reverse("people:import-undo", args=[entry.pk]), follow=True).text


def test_bad_rows_are_named_by_line_and_nothing_is_half_done(world, adi_client):
    looked = upload(adi_client, "email,name,team\nana@fernhill.example,Ana,nowhere\nbo@fernhill.example,Bo,\n")
    assert "1 row can’t be imported as it is" in looked.text
    assert "Line 2" in looked.text
    assert "there is no “nowhere” here" in looked.text
    entry = PeopleImport.unscoped.get()
    refused = adi_client.post(reverse("people:import", args=[entry.pk]), follow=True)
    assert "so nothing was" in refused.text
    assert Membership.unscoped.count() == 6
    adi_client.post(reverse("people:import", args=[entry.pk]), {"leave_out": "1"})
    assert Membership.unscoped.filter(user__email="bo@fernhill.example").exists()
    assert Membership.unscoped.count() == 7


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "The submitted file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8 text"),
        ("email,name\nä@x,Ä\n".encode("latin-1"), "Save it as “CSV UTF-8”"),
        (b"email\x00", "not a text file"),
        (b"name\nAna\n", "one of them must be email"),
        (b"email,shoe size\na@b.example,3\n", "attributes.shoe size"),
        (b"email,mail\na@b.example,c@d.example\n", "Two columns mean email"),
        (b"email,name\n", "nobody below it"),
        (b'email,name\na@b.example,"Ana\n', "quotation mark"),
        (b"email,name\na@b.example,Sol, Ana\n", "Line 2 has 3 values for 2 columns"),
    ],
)
def test_a_file_that_is_no_list_of_people_is_refused(world, adi_client, raw, text):
    response = upload(adi_client, raw)
    assert response.status_code == 422
    assert text in response.text
    assert not PeopleImport.unscoped.exists()


# ---------------------------------------------------------------- what rooms above add to a person


def test_a_person_is_shown_with_journeys_and_skills(world, chen_client, queries):
    from tests.factories import journeys

    with world.scope():
        role, coaching = people.job_role("engineer"), skills.skill("coaching", name="Coaching")
        skills.target(role, coaching, 4)
        skills.estimate(world.asha, coaching, 2.0)
        Membership.objects.filter(user=world.asha).update(job_role=role)
        version = journeys.version(journeys.journey("Leading for the first time"))
        journeys.enrolment(journeys.cohort(version, title="Spring A"), world.asha, progress=0.62)
    url = reverse("people:person", args=[world.asha.pk])
    with queries(8):  # user, membership, person, insights, journeys, skills, reasons, unread
        shown = chen_client.get(url).text
    assert "Leading for the first time" in shown
    assert "62% done" in shown
    assert "Level 2 of 5, the role asks 4" in shown
    assert "Nothing learnt here yet" in chen_client.get(reverse("people:person", args=[world.chen.pk])).text
