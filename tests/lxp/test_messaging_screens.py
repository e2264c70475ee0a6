"""Notifications, preferences, unsubscribe and the ledger, through the browser's door."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from lxp.messaging import queries
from lxp.messaging.models import Message, Preference, State
from lxp.messaging.unsubscribe import read_token, unsubscribe_path
from lxp.people.models import Membership, Role
from tests.factories import messaging as make
from tests.factories import people

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def fernhill(world):
    with world.scope():
        yield world


def words(response):
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def heading(response):
    return re.search(r"(?s)<h1>(.*?)</h1>", response.content.decode())[1].strip()


def sent(user, **fields):
    return make.message(user, state=State.SENT, **fields)


# ---------------------------------------------------------------- notifications


def test_an_empty_inbox_says_so(fernhill, asha_client):
    response = asha_client.get("/messages/")

    assert heading(response) == "Nothing new, you’re up to date"
    assert "Nothing here yet" in words(response)


def test_the_inbox_shows_ones_own_newest_first_and_what_is_new(fernhill, asha_client):
    sent(fernhill.asha, title="Quiz <due>", sent_at=fernhill.now - HOUR, read_at=fernhill.now)
    sent(fernhill.asha, title="Session moved", sent_at=fernhill.now)
    sent(fernhill.ben, title="For Ben")
    make.message(fernhill.asha, title="Still planned")
    response = asha_client.get("/messages/")
    text = words(response)

    assert heading(response) == "1 new for you"
    assert text.index("Session moved") < text.index("Quiz &lt;due&gt;")
    assert "For Ben" not in text
    assert "Still planned" not in text
    assert text.count(" New ") == 1


def test_opening_one_leads_to_what_it_is_about_and_counts_as_seen(fernhill, asha_client):
    row = sent(fernhill.asha, url="/journeys/leading/?step=2")

    response = asha_client.get(f"/messages/{row.pk}/open/")
    assert (response.status_code, response.url) == (302, "/journeys/leading/?step=2")
    row.refresh_from_db()
    assert row.read_at == fernhill.now


@pytest.mark.parametrize(
    "url", ["", "https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_opening_one_never_leads_elsewhere(fernhill, asha_client, url):
    row = sent(fernhill.asha, url=url)

    assert asha_client.get(f"/messages/{row.pk}/open/").url == f"/messages/{row.pk}/"


def test_all_read_at_once(fernhill, asha_client):
    rows = [sent(fernhill.asha), sent(fernhill.asha), sent(fernhill.ben)]

    assert asha_client.post("/messages/read/").url == "/messages/"
    assert asha_client.get("/messages/read/").status_code == 405
    for row, seen in zip(rows, (True, True, False), strict=True):
        row.refresh_from_db()
        assert (row.read_at is not None) is seen


def test_earlier_ones_come_page_by_page_without_gap_or_double(fernhill):
    moments = [fernhill.now - HOUR * (n // 3) for n in range(8)]  # several at the same moment
    rows = [sent(fernhill.asha, sent_at=moment) for moment in moments]
    found, after = [], ""
    while True:
        page = queries.inbox_of(fernhill.asha, after=after, size=3)
        found += page.rows
        if not (after := page.next):
            break

    assert found == sorted(rows, key=lambda row: (row.sent_at, row.pk), reverse=True)


@pytest.mark.parametrize("after", ["x", "2026-03-02T09:00:00_1", "2026-03-02T09:00:00+00:00_x", "_"])
def test_a_cursor_that_we_have_not_written_is_not_found(fernhill, asha_client, after):
    assert asha_client.get("/messages/", {"after": after}).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_inbox_costs_the_same_for_any_number(fernhill, asha_client, queries, count):
    for _ in range(count):
        sent(fernhill.asha)
    asha_client.get("/messages/")

    with queries(4):  # session (cached: user and) person, membership, rows, unread
        asha_client.get("/messages/")


def test_the_bell(fernhill, asha_client):
    sent(fernhill.asha)

    response = asha_client.get("/messages/bell/")
    assert 'id="bell"' in response.content.decode()
    assert 'data-unread="1"' in response.content.decode()
    assert "<html" not in response.content.decode()


def test_counts_of_many_people_take_one_query(fernhill, queries):
    for _ in range(2):
        sent(fernhill.asha)
    sent(fernhill.ben, read_at=fernhill.now)
    ids = [fernhill.asha.pk, fernhill.ben.pk, fernhill.eve.pk]

    from lxp.messaging.queries import unread_counts

    with queries(1):
        assert unread_counts(ids) == {fernhill.asha.pk: 2, fernhill.ben.pk: 0, fernhill.eve.pk: 0}


# ---------------------------------------------------------------- preferences


def test_what_holds_is_shown_and_a_choice_is_kept(fernhill, asha_client):
    make.preference(fernhill.asha, "nudge", "off")
    page = asha_client.get("/messages/settings/").content.decode()
    assert re.search(r'name="nudge" value="off"[^>]*checked', page)
    assert re.search(r'name="session" value="email"[^>]*checked', page)
    assert 'name="session" value="off"' not in page

    chosen = {
        "session": "inapp",
        "assignment": "email",
        "nudge": "email",
        "refresher": "off",
        "recommendation": "inapp",
        "feedback": "off",
    }
    assert asha_client.post("/messages/settings/", chosen).url == "/messages/settings/"
    assert dict(Preference.objects.filter(user=fernhill.asha).values_list("category", "choice")) == chosen
    assert "Saved." in words(asha_client.get("/messages/settings/"))


@pytest.mark.parametrize("wrong", [{"session": "off"}, {"nudge": "fax"}, {}])
def test_a_choice_that_is_none_changes_nothing(fernhill, asha_client, wrong):
    chosen = {
        "session": "inapp",
        "assignment": "inapp",
        "nudge": "off",
        "refresher": "off",
        "recommendation": "off",
        "feedback": "off",
    }
    response = asha_client.post("/messages/settings/", {**chosen, **wrong} if wrong else {"session": "inapp"})

    assert response.status_code == 422
    assert not Preference.objects.exists()


# ---------------------------------------------------------------- unsubscribe


def test_one_click_without_signing_in(fernhill):
    row = sent(fernhill.asha, category="nudge")
    path = unsubscribe_path(row)
    strict = Client(enforce_csrf_checks=True)

    asked = strict.get(path)
    assert "Stop e-mails about “Nudges”?" in heading(asked)
    assert not Preference.objects.exists()  # programs follow links; only a click counts
    done = strict.post(path, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "Done" in heading(done)
    assert Preference.objects.get().choice == "inapp"
    assert Preference.objects.get().user == fernhill.asha
    assert strict.post(path).status_code == 200


def test_it_never_switches_more_on_than_there_was(fernhill):
    make.preference(fernhill.asha, "nudge", "off")
    Client().post(unsubscribe_path(sent(fernhill.asha, category="nudge")))

    assert Preference.objects.get().choice == "off"


def test_an_address_that_we_have_not_written_does_nothing(fernhill):
    path = unsubscribe_path(sent(fernhill.asha, category="nudge"))
    forged = path.replace(f".{fernhill.asha.pk}.", f".{fernhill.ben.pk}.")

    for address in (forged, path[:-3] + "/", "/messages/unsubscribe/x/"):
        assert Client().post(address).status_code == 404
    assert not Preference.objects.exists()
    assert read_token("1.2.nudge") is None


def test_who_left_has_nothing_to_stop(fernhill):
    path = unsubscribe_path(sent(fernhill.asha, category="nudge"))
    Membership.objects.filter(user=fernhill.asha).delete()

    assert Client().post(path).status_code == 404


def test_it_speaks_the_readers_language_and_direction(fernhill):
    fernhill.asha.locale = "ar"
    fernhill.asha.save()

    page = Client().get(unsubscribe_path(sent(fernhill.asha))).content.decode()
    assert 'lang="ar"' in page
    assert 'dir="rtl"' in page


# ---------------------------------------------------------------- the ledger


@pytest.fixture
def some(fernhill):
    """Three promises to come, one of them switched off; one that went out."""
    now = fernhill.now
    make.message(fernhill.asha, due_at=now + HOUR, params={"title": "Quiz"}, scope="enrolment:1")
    make.message(fernhill.ben, due_at=now + DAY, category="nudge")
    make.message(fernhill.ben, due_at=now + 40 * DAY)
    make.preference(fernhill.ben, "nudge", "off")
    sent(fernhill.asha, due_at=now - HOUR, title="Welcome")
    return fernhill


def test_is_everything_going_out(some, dana_client):
    response = dana_client.get("/messages/ledger/")

    assert heading(response) == "2 messages in the next 7 days, nothing late"
    assert "Expected and sent differ" not in words(response)
    rows = re.findall(r"(?s)<tr><th scope=\"row\".*?</tr>", response.content.decode())
    assert [re.findall(r'class="num">(.*?)</td>', row)[0] for row in rows] == ["<b>1</b>", "<b>1</b>"]
    assert [re.findall(r'class="num">(.*?)</td>', row)[-1] for row in rows] == ["–", "1"]


def test_the_alarm_rises_when_expected_and_sent_differ(some, dana_client):
    late = make.message(some.asha, due_at=some.now - 9 * MINUTE)
    assert "nothing late" in heading(dana_client.get("/messages/ledger/"))
    some.at(some.now + 2 * MINUTE)

    response = dana_client.get("/messages/ledger/")
    assert heading(response) == "1 message should have gone out and has not"
    assert "manage.py doctor" in words(response)
    Message.objects.filter(pk=late.pk).update(state=State.DEAD, settled_at=some.now)
    assert heading(dana_client.get("/messages/ledger/")) == "1 message did not reach its reader since yesterday"


def test_reckoning(some):
    at = some.now
    for state in (State.DELIVERED, State.BOUNCED, State.DEAD, State.SUPPRESSED):
        make.message(some.asha, state=state, due_at=at - HOUR)
    make.message(some.asha, due_at=at - MINUTE)
    make.message(some.asha, due_at=at - HOUR)
    sent(some.asha, due_at=at - 25 * HOUR)
    found = queries.expected_and_sent(at=at)

    assert (found.expected, found.sent, found.withheld, found.waiting) == (6, 2, 1, 1)
    assert (found.late, found.failed, found.bounced, found.alarm) == (1, 1, 1, True)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["Reminder: Quiz", "Reminder", "Welcome", "Reminder"]),
        ({"state": "sent"}, ["Welcome"]),
        ({"category": "nudge"}, ["Reminder"]),
        ({"person": "ASHA"}, ["Welcome", "Reminder: Quiz"]),
        ({"person": "ben.okafor@"}, ["Reminder", "Reminder"]),
        ({"scope": "enrolment:1"}, ["Reminder: Quiz"]),
        ({"since": "2026-03-03"}, ["Reminder", "Reminder"]),
        ({"since": "2026-03-03", "until": "2026-03-03"}, ["Reminder"]),
        ({"person": "nobody"}, []),
    ],
)
def test_filters_stand_in_the_address(some, dana_client, filters, found):
    response = dana_client.get("/messages/ledger/list/", filters)
    rows = re.findall(r'(?s)<td><a href="/messages/\d+/"><bdi>(.*?)</bdi></a>', response.content.decode())

    assert sorted(rows) == sorted(found)
    assert ("No message fits" in words(response)) is (not found)


@pytest.mark.parametrize(
    "wrong", [{"since": "soon"}, {"state": "lost"}, {"since": "2026-03-05", "until": "2026-03-01"}]
)
def test_wrong_filters_are_explained(some, dana_client, wrong):
    assert dana_client.get("/messages/ledger/list/", wrong).status_code == 422


def test_the_ledger_comes_page_by_page(some):
    rows = list(Message.objects.order_by("due_at", "pk"))
    actor = some.actor(some.dana)
    found, after = [], ""
    while True:
        page = queries.ledger(actor, queries.LedgerFilter(), after=after, size=2)
        found += page.rows
        if not (after := page.next):
            break

    assert found == rows


@pytest.mark.parametrize(("path", "cost"), [("", 6), ("list/", 6), ("trouble/", 9)])
@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number(fernhill, dana_client, queries, count, path, cost):
    for user in people.people(count):
        make.message(user)
        make.message(user, due_at=fernhill.now - DAY)
        make.message(user, state=State.DEAD, settled_at=fernhill.now)
        make.message(user, state=State.BOUNCED, settled_at=fernhill.now)
    dana_client.get(f"/messages/ledger/{path}")

    with queries(cost):
        assert dana_client.get(f"/messages/ledger/{path}").status_code == 200


def test_trouble_and_trying_again(fernhill, dana_client):
    assert "Nothing went wrong" in words(dana_client.get("/messages/ledger/trouble/"))
    dead = make.message(fernhill.asha, state=State.DEAD, because="Given up after 8 tries", settled_at=fernhill.now)
    other = make.message(fernhill.ben, state=State.DEAD, settled_at=fernhill.now)
    bounced = make.message(fernhill.ben, state=State.BOUNCED, because="no such user", settled_at=fernhill.now)
    text = words(dana_client.get("/messages/ledger/trouble/"))
    assert "Given up after 8 tries" in text
    assert "no such user" in text
    assert "Try all 2 failed ones again" in text

    assert dana_client.post(f"/messages/{dead.pk}/retry/").url == "/messages/ledger/trouble/"
    dead.refresh_from_db()
    assert (dead.state, dead.due_at) == (State.PLANNED, fernhill.now)
    assert dana_client.post("/messages/ledger/retry/").url == "/messages/ledger/trouble/"
    other.refresh_from_db()
    bounced.refresh_from_db()
    assert (other.state, bounced.state) == (State.PLANNED, State.BOUNCED)
    assert dana_client.post(f"/messages/{dead.pk}/retry/").url == f"/messages/{dead.pk}/"


def test_one_message_in_both_times(fernhill, dana_client):
    row = sent(fernhill.asha, body="First.\n\nSecond <b>.", because="In the app only", reason="Because it is due")
    text = words(dana_client.get(f"/messages/{row.pk}/"))

    assert "Mon 2 Mar, 14:30 Kolkata" in text
    assert "Mon 2 Mar, 09:00 UTC" in text
    assert "Because it is due" in text
    assert "Second &lt;b&gt;." in text
    row.refresh_from_db()
    assert row.read_at is None  # only its reader's looking counts


def test_ones_own_message_without_the_ledgers_inside(fernhill, asha_client):
    row = sent(fernhill.asha, scope="enrolment:77", url="/journeys/x/")
    page = asha_client.get(f"/messages/{row.pk}/")

    assert "Open what it’s about" in words(page)
    assert "enrolment:77" not in words(page)
    assert "once more" not in words(page)


def test_sending_once_more(fernhill, dana_client):
    row = sent(fernhill.asha)

    first = dana_client.post(f"/messages/{row.pk}/resend/")
    copy = Message.objects.exclude(pk=row.pk).get()
    assert first.url == f"/messages/{copy.pk}/"
    assert dana_client.post(f"/messages/{row.pk}/resend/").url == f"/messages/{row.pk}/"
    assert Message.objects.count() == 2


# ---------------------------------------------------------------- who may

LEDGER = ["/messages/ledger/", "/messages/ledger/list/", "/messages/ledger/trouble/"]


@pytest.mark.parametrize("path", LEDGER)
def test_the_ledger_is_for_the_learning_team(fernhill, path):
    for user, status in (
        (fernhill.dana, 200),
        (fernhill.adi, 200),
        (fernhill.asha, 403),
        (fernhill.ben, 403),
        (fernhill.chen, 403),
    ):
        assert fernhill.client(user).get(path).status_code == status
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize(("verb", "path"), [("get", ""), ("get", "open/"), ("post", "retry/"), ("post", "resend/")])
def test_another_organisations_message_is_not_there(fernhill, eve_client, verb, path):
    row = sent(fernhill.asha)

    assert getattr(eve_client, verb)(f"/messages/{row.pk}/{path}").status_code == 404
    row.refresh_from_db()
    assert (row.state, row.read_at) == (State.SENT, None)


def test_a_colleagues_message_is_theirs(fernhill, ben_client, asha_client):
    row, planned = sent(fernhill.asha), make.message(fernhill.asha)

    assert ben_client.get(f"/messages/{row.pk}/").status_code == 403
    assert asha_client.get(f"/messages/{row.pk}/").status_code == 200
    assert asha_client.get(f"/messages/{planned.pk}/").status_code == 403  # what is only planned may still change
    for path in (f"/messages/{row.pk}/retry/", f"/messages/{row.pk}/resend/", "/messages/ledger/retry/"):
        assert asha_client.post(path).status_code == 403


def test_eves_ledger_shows_nothing_of_ours(world, eve_client):
    with world.scope():
        make.message(world.asha, due_at=world.now + HOUR, params={"title": "Secret plan"})
        make.message(world.asha, state=State.DEAD, settled_at=world.now, params={"title": "Secret plan"})
    assert Role.DESIGNER in world.membership(world.eve).roles

    for path in LEDGER:
        page = eve_client.get(path)
        assert page.status_code == 200
        assert "Secret plan" not in words(page)
    assert heading(eve_client.get(LEDGER[0])) == "0 messages in the next 7 days, nothing late"
