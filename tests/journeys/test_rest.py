"""REST for journeys: an HR system runs a whole cohort without a browser, and sees nothing of anybody else."""

from __future__ import annotations

import pytest

from journeys.models import Assignment, Cohort, Enrolment
from tests.factories import content, live
from tests.flows.programme import DAY_BEFORE, FIVE_DAYS_AFTER, HOUR_AFTER, WEEK_BEFORE, Programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme(world):
    with world.scope():
        yield Programme.build(world)


def ok(response, status=200):
    assert response.status_code == status, response.content
    return response.json() if response.content else None


def test_a_whole_cohort_without_a_browser(world, settle, api):
    with world.scope():
        reading, practice = content.item("What a coach does"), content.item("Try it once")
        live.template("Practise the pause", minutes=90)
    journey = ok(api.post("/api/v1/journeys/", {"title": "Coaching", "need": "behaviour"}, format="json"), 201)
    steps = f"/api/v1/journeys/{journey['slug']}/steps/"
    for body in (
        {"key": "read", "kind": "content", "phase": "prework", "title": "Read", "item": reading.slug,
         "opens": WEEK_BEFORE, "due": DAY_BEFORE},
        {"key": "practise", "kind": "live", "phase": "live", "title": "Practise", "template": "practise-the-pause",
         "minutes": 90},
        {"key": "apply", "kind": "content", "phase": "postwork", "title": "Apply", "item": practice.slug,
         "opens": HOUR_AFTER, "due": FIVE_DAYS_AFTER, "condition": {"attendance": ["attended"], "step": "practise"}},
    ):  # fmt: skip
        ok(api.post(steps, body, format="json"), 201)
    assert ok(api.post(f"/api/v1/journeys/{journey['slug']}/publish/"))["number"] == 1

    body = {
        "journey": journey["slug"], "title": "March", "starts_on": "2026-03-09", "zone": "Europe/Lisbon",
        "sessions": [{"step": "practise", "start_local": "2026-03-19T15:00", "zone": "Europe/Lisbon",
                      "facilitator": world.ben.email}],
    }  # fmt: skip
    cohort = ok(api.post("/api/v1/cohorts/", body, format="json"), 201)
    people = {"emails": [world.asha.email, world.dana.email]}
    enrol = f"/api/v1/cohorts/{cohort['slug']}/enrol/"
    dry = ok(api.post(enrol, {**people, "dry_run": True}, format="json"))
    assert (sorted(dry["joining"]), dry["act"]) == (sorted([world.asha.pk, world.dana.pk]), None)
    assert not Enrolment.unscoped.exists()
    done = ok(api.post(enrol, people, format="json", HTTP_IDEMPOTENCY_KEY="march"))
    again = ok(api.post(enrol, people, format="json", HTTP_IDEMPOTENCY_KEY="march"))
    assert again == done
    settle()

    world.at("2026-03-13 09:00")
    settle()
    todo = ok(api.get("/api/v1/assignments/", {"state": "open", "email": world.asha.email}))["results"]
    assert [row["key"] for row in todo] == ["read"]
    ok(api.post(f"/api/v1/assignments/{todo[0]['id']}/waive/", {"reason": "Knows it"}, format="json"), 201)

    with world.scope():
        Programme(world, Cohort.objects.get(), Cohort.objects.get().offers.get().session).attend(world.asha)
    settle()
    world.at("2026-03-20 10:00")
    settle()
    rows = ok(api.get("/api/v1/assignments/", {"email": world.asha.email}))["results"]
    assert {r["key"]: (r["state"], r["outcome"]) for r in rows} == {
        "read": ("waived", ""), "practise": ("done", "attended"), "apply": ("open", ""),
    }  # fmt: skip
    enrolment = ok(api.get("/api/v1/enrolments/", {"email": world.asha.email}))["results"][0]
    progress = ok(api.get(f"/api/v1/enrolments/{enrolment['id']}/progress/"))
    assert progress["value"] == enrolment["progress"] == 0.9
    assert {s["key"]: s["because"] for s in progress["shares"]} == {"practise": "attended", "apply": "not started"}


def test_a_bad_design_is_refused_with_what_to_do(world, api):
    with world.scope():
        item = content.item("Text")
    journey = ok(api.post("/api/v1/journeys/", {"title": "Broken"}, format="json"), 201)
    steps = f"/api/v1/journeys/{journey['slug']}/steps/"
    body = {"kind": "content", "phase": "prework", "title": "Lost", "item": item.slug,
            "opens": {"anchor": "live", "step": "nowhere"}}  # fmt: skip
    bad = api.post(steps, {**body, "opens": {"anchor": "sometime"}}, format="json")
    assert bad.status_code == 422
    assert bad["Content-Type"] == "application/problem+json"
    assert "Choose what it counts from" in str(bad.json()["errors"]["opens"])
    ok(api.post(steps, body, format="json"), 201)
    refused = api.post(f"/api/v1/journeys/{journey['slug']}/publish/")
    assert refused.status_code == 422
    assert "not in this journey" in str(refused.json()["errors"])


def test_a_cohort_needs_a_session_and_a_possible_time(world, api, programme):
    base = {
        "journey": programme.cohort.journey.slug,
        "title": "April",
        "starts_on": "2026-03-20",
        "zone": "Europe/Lisbon",
    }
    without = api.post("/api/v1/cohorts/", base, format="json")
    assert without.status_code == 422
    assert "Practise" in str(without.json()["errors"])
    gap = {"step": "practise", "start_local": "2026-03-29T01:30", "zone": "Europe/Lisbon"}
    impossible = api.post("/api/v1/cohorts/", {**base, "sessions": [gap]}, format="json")
    assert impossible.status_code == 422
    assert Cohort.objects.count() == 1


def test_bulk_enrolment_refuses_strangers_and_can_be_undone(world, settle, api, programme):
    url = f"/api/v1/cohorts/{programme.cohort.slug}/enrol/"
    refused = api.post(url, {"emails": [world.asha.email, world.eve.email]}, format="json")
    assert refused.status_code == 422
    assert world.eve.email in str(refused.json())
    assert not Enrolment.objects.exists()
    act = ok(api.post(url, {"ids": [world.asha.pk]}, format="json"))["act"]
    undone = ok(api.post(f"/api/v1/acts/{act}/undo/"))
    assert undone["undone_at"]
    assert [e.state for e in Enrolment.objects.all()] == ["withdrawn"]


def test_changes_to_one_plan_and_back(world, settle, api, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    row = Assignment.objects.get(enrolment=enrolment, key="read")
    body = {"due_at": "2026-03-18T12:00:00Z", "reason": "On leave"}
    override = ok(api.post(f"/api/v1/assignments/{row.pk}/extend/", body, format="json"), 201)
    assert ok(api.get(f"/api/v1/assignments/{row.pk}/"))["due_at"] == "2026-03-18T12:00:00Z"
    ok(api.post(f"/api/v1/overrides/{override['id']}/undo/"))
    assert ok(api.get(f"/api/v1/assignments/{row.pk}/"))["due_at"] != "2026-03-18T12:00:00Z"
    past = api.post(f"/api/v1/assignments/{row.pk}/extend/", {**body, "due_at": "2026-01-01T00:00:00Z"}, format="json")
    assert "due_at" in past.json()["errors"]


def test_why_and_what_will_happen(world, settle, api, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    row = Assignment.objects.get(enrolment=enrolment, key="read")
    why = ok(api.get(f"/api/v1/assignments/{row.pk}/why/"))
    assert "7 days before" in " ".join(why["opens"])
    coming = ok(
        api.get(f"/api/v1/cohorts/{programme.cohort.slug}/simulate/", {"learner": world.asha.email, "days": 60})
    )
    opens = next(e for e in coming if (e["kind"], e["step"]) == ("opens", "read"))
    assert (opens["at"], opens["zone"]) == ("2026-03-12T03:30:00Z", "Asia/Kolkata")
    wrong = api.get(f"/api/v1/cohorts/{programme.cohort.slug}/simulate/", {"absent": "nowhere"})
    assert "practise" in str(wrong.json()["errors"])


def test_another_organisation_finds_nothing(world, settle, programme):
    enrolment = programme.enrol(world.asha)
    settle()
    row = Assignment.objects.filter(enrolment=enrolment).first()
    eve = world.api(organisation=world.harbour)
    for path in (
        f"journeys/{programme.cohort.journey.slug}/", f"cohorts/{programme.cohort.slug}/",
        f"cohorts/{programme.cohort.slug}/sessions/", f"enrolments/{enrolment.pk}/",
        f"enrolments/{enrolment.pk}/progress/", f"assignments/{row.pk}/", f"steps/{row.step_id}/",
    ):  # fmt: skip
        answer = eve.get(f"/api/v1/{path}")
        assert (path, answer.status_code) == (path, 404)
        assert answer["Content-Type"] == "application/problem+json"
    for path in ("journeys", "cohorts", "enrolments", "assignments", "acts"):
        assert ok(eve.get(f"/api/v1/{path}/"))["results"] == []


def test_a_token_without_the_scope_is_told_which_one_it_lacks(world, programme):
    reader = world.api("cohorts:read")
    assert reader.get("/api/v1/cohorts/").status_code == 200
    refused = reader.post("/api/v1/cohorts/", {}, format="json")
    assert (refused.status_code, "cohorts:write" in refused.json()["detail"]) == (403, True)


@pytest.mark.parametrize(("path", "number"), [("enrolments", 2), ("assignments", 2), ("cohorts", 2), ("journeys", 3)])
def test_lists_cost_the_same_for_one_row_and_many(world, settle, api, programme, queries, path, number):
    programme.enrol(world.asha)
    settle()
    api.get(f"/api/v1/{path}/")
    with queries(number):
        api.get(f"/api/v1/{path}/")
    programme.enrol(world.dana, world.chen)
    settle()
    with queries(number):
        api.get(f"/api/v1/{path}/")
