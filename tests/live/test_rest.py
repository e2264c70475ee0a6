"""Live sessions, bookings and attendance over REST: an HR system runs a session without a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sessions import services
from sessions.models import Attendance, Booking, LiveSession
from tests.factories import live, people

SESSIONS, BOOKINGS, ATTENDANCE = "/api/v1/sessions/", "/api/v1/bookings/", "/api/v1/attendance/"


def send(client, path, body=None, status=201, method="post"):
    answer = getattr(client, method)(path, body or {}, format="json")
    assert answer.status_code == status, answer.content.decode()[:1500]
    return answer.json()


@pytest.fixture
def kind(world):
    with world.scope():
        return live.template("Practise the pause", slug="pause", blocks=3, capacity=2, minutes=90)


def scheduled(api, **changes):
    body = {"template": "pause", "start_local": "2026-03-12T15:00", "zone": "Europe/Lisbon",
            "facilitators": ["ben.okafor@fernhill.example"], "place": "Room 4", **changes}  # fmt: skip
    return send(api, SESSIONS, body)


def test_a_whole_session_without_a_browser(world, api, kind, settle):
    made = scheduled(api)
    assert (made["starts_at"], made["minutes"], made["capacity"]) == ("2026-03-12T15:00:00Z", 90, 2)
    assert (made["start_local"], made["facilitators"]) == ("2026-03-12T15:00", ["ben.okafor@fernhill.example"])
    with world.scope():
        assert LiveSession.objects.get().agenda.count() == 3

    booked = send(api, BOOKINGS, {
        "session": made["id"], "learners": [world.asha.pk], "emails": [world.chen.email, world.dana.email.upper()],
    })  # fmt: skip
    assert booked == {"booked": [world.asha.pk, world.chen.pk], "waitlisted": [world.dana.pk], "unchanged": []}
    settle()

    chens = api.get(BOOKINGS, {"session": made["id"], "email": world.chen.email}).json()["results"][0]
    assert send(api, f"{BOOKINGS}{chens['id']}/cancel/", {"reason": "Left the team"}, 200)["state"] == "cancelled"
    assert api.get(SESSIONS + made["id"] + "/").json()["booked"] == 2  # Dana moved up
    settle()

    moved = send(api, SESSIONS + made["id"] + "/", {"start_local": "2026-03-13T10:00", "capacity": 5}, 200, "patch")
    assert (moved["sequence"], moved["starts_at"], moved["capacity"]) == (1, "2026-03-13T10:00:00Z", 5)

    world.at("2026-03-13 11:30")
    send(api, ATTENDANCE, {"session": made["id"], "email": world.asha.email, "status": "attended"})
    assert send(api, SESSIONS + made["id"] + "/end/", status=200)["state"] == "ended"
    settle()
    rows = api.get(ATTENDANCE, {"session": made["id"]}).json()["results"]
    assert {(row["email"], row["status"], row["settled"]) for row in rows} == {
        (world.asha.email, "attended", True), (world.dana.email, "missed", True),
    }  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "words"), [
    ({"start_local": "2026-03-29T01:30"}, "start_local", "next valid time is 2026-03-29 02:00"),
    ({"start_local": "2026-10-25T01:30"}, "fold", "happens twice"),
    ({"start_local": "2026-03-12T15:00+01:00"}, "start_local", "without an offset"),
    ({"start_local": "2020-03-12T15:00"}, "start_local", "has passed"),
    ({"zone": "Lisbon"}, "zone", "IANA"),
    ({"template": "nothing"}, "template", "no session template"),
    ({"facilitators": ["asha.raman@fernhill.example"]}, "facilitators", "Not a facilitator"),
    ({"facilitators": ["eve@harbour.example"]}, "facilitators", "Nobody here"),
    ({"provider": "link"}, "provider_url", "full address"),
    ({"place": "\x00"}, "place", "ull"),
])  # fmt: skip
def test_what_cannot_be_is_refused_by_field(world, api, kind, changes, field, words):
    body = {"template": "pause", "start_local": "2026-03-12T15:00", "zone": "Europe/Lisbon", **changes}
    answer = api.post(SESSIONS, body, format="json")
    assert answer.status_code == 422
    assert words in str(answer.json()["errors"][field])
    with world.scope():
        assert not LiveSession.objects.exists()


def test_of_two_changes_both_or_neither(world, api, kind):
    made = scheduled(api)
    send(api, BOOKINGS, {"session": made["id"], "learners": [world.asha.pk, world.chen.pk]})
    answer = api.patch(SESSIONS + made["id"] + "/", {"start_local": "2026-03-13T10:00", "capacity": 1}, format="json")
    assert answer.status_code == 422
    with world.scope():
        assert LiveSession.objects.get().sequence == 0


def test_strangers_among_those_to_book_are_named_and_nobody_is_booked(world, api, kind):
    made = scheduled(api)
    answer = api.post(BOOKINGS, {"session": made["id"], "emails": [world.asha.email, world.eve.email]}, format="json")
    assert world.eve.email in str(answer.json()["errors"]["emails"])
    answer = api.post(BOOKINGS, {"session": made["id"], "learners": [world.asha.pk, world.eve.pk]}, format="json")
    assert answer.status_code == 422
    with world.scope():
        assert not Booking.objects.exists()


def test_changing_seats_between_sessions(world, api, kind):
    thursday, friday = scheduled(api), scheduled(api, start_local="2026-03-13T15:00")
    send(api, BOOKINGS, {"session": thursday["id"], "learners": [world.asha.pk]})
    (row,) = api.get(BOOKINGS).json()["results"]
    moved = send(api, f"{BOOKINGS}{row['id']}/switch/", {"to": friday["id"]}, 200)
    assert (moved["session"], moved["state"]) == (friday["id"], "booked")


def test_lists_are_narrowed(world, api, kind):
    thursday, friday = scheduled(api), scheduled(api, start_local="2026-03-13T15:00", facilitators=[])
    ids = lambda **query: [row["id"] for row in api.get(SESSIONS, query).json()["results"]]  # noqa: E731
    assert ids() == [thursday["id"], friday["id"]]
    assert ids(facilitator=world.ben.email) == [thursday["id"]]
    assert ids(starts_after="2026-03-13T00:00:00Z") == [friday["id"]]
    assert ids(template="pause", state="ended") == []


def test_nothing_of_another_organisation(world, kind, api):
    made = scheduled(api)
    with world.scope():
        session = LiveSession.objects.get()
        booking = services.book(session=session, learner=world.asha, by=None, at=world.now)
        live.attendance(session, world.asha)
    harbour = world.api(organisation=world.harbour)
    for path in (SESSIONS, BOOKINGS, ATTENDANCE, "/api/v1/session-templates/"):
        assert harbour.get(path).json()["results"] == []
    assert harbour.get(SESSIONS + made["id"] + "/").status_code == 404
    assert harbour.get(f"{BOOKINGS}{booking.pk}/").status_code == 404
    for path in (f"{SESSIONS}{made['id']}/cancel/", f"{SESSIONS}{made['id']}/end/", f"{BOOKINGS}{booking.pk}/cancel/"):
        assert harbour.post(path, {"reason": "x"}, format="json").status_code == 404
    for path in (BOOKINGS, ATTENDANCE):
        body = {"session": made["id"], "learners": [world.eve.pk], "email": world.eve.email, "status": "attended"}
        assert harbour.post(path, body, format="json").status_code == 404
    with world.scope():
        assert Attendance.objects.count() == 1


@pytest.mark.parametrize(("scope", "path"), [
    ("people:write", SESSIONS), ("sessions:write", BOOKINGS), ("bookings:write", ATTENDANCE),
])  # fmt: skip
def test_a_token_without_the_scope_is_told_which_one(world, scope, path):
    answer = world.api(scope).get(path)
    assert answer.status_code == 403
    assert "lacks the scope" in answer.json()["detail"]


def test_the_same_key_books_once(world, api, kind):
    made = scheduled(api)
    body = {"session": made["id"], "learners": [world.asha.pk]}
    for _ in range(2):
        answer = api.post(BOOKINGS, body, format="json", headers={"Idempotency-Key": "once"})
        assert answer.json()["booked"] == [world.asha.pk]


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_for_any_length(world, api, kind, queries, count):
    with world.scope():
        users = people.people(count)
        for n in range(count):
            session = live.session(f"2026-03-{16 + n} 10:00", template=kind, lead=world.ben)
            services.book_many(session=session, learner_ids=[u.pk for u in users], by=None, at=world.now)
            for user in users:
                live.attendance(session, user)
    world.at(world.now + timedelta(hours=1))
    api.get(SESSIONS)  # notes the use of the token
    with queries(3):
        api.get(SESSIONS)
    with queries(2):
        api.get(BOOKINGS)
    with queries(2):
        api.get(ATTENDANCE)
