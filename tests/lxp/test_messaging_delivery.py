"""Sending: each once, only what is still right, at an hour that is allowed, and the ledger says what happened."""

import smtplib
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import OperationalError

from lxp.messaging import registry, services
from lxp.messaging.categories import CATEGORIES
from lxp.messaging.channels.email import Mailer
from lxp.messaging.models import Message, Preference, State
from lxp.messaging.services import delivery
from lxp.people.models import Membership
from tests.factories import messaging as make
from tests.factories import people

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)  # Monday; 14:30 for Asha in Kolkata
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def fernhill(world, kind):
    world.fernhill.mail_from = "learning@fernhill.example"
    world.fernhill.brand = "Fernhill Learning"
    world.fernhill.save()
    with world.scope():
        yield world


@pytest.fixture
def kind(monkeypatch, settings, tmp_path):
    """A kind "test.plain" with templates of its own; returns a function that registers its hooks."""
    folder = tmp_path / "messages" / "test"
    folder.mkdir(parents=True)
    (folder / "plain.subject.txt").write_text("{{ params.title|default('Due soon') }}\n")
    (folder / "plain.txt").write_text(
        '{% extends "messages/base.txt" %}{% block content %}'
        "Dear {{ recipient.name }}, it is {{ now|when }}.\n\nSee you.{% endblock %}"
    )
    (folder / "broken.subject.txt").write_text("{{ nobody_gave_this }}")
    (folder / "broken.txt").write_text("Text")
    engine = dict(settings.TEMPLATES[0], DIRS=[tmp_path, *settings.TEMPLATES[0]["DIRS"]])
    settings.TEMPLATES = [engine, *settings.TEMPLATES[1:]]
    monkeypatch.setattr(registry, "_kinds", {})

    def register(name="test.plain", **hooks):
        registry.register_kind(name, template="test/plain", **hooks)

    register()
    registry.register_kind("test.broken")
    return register


def message(user, kind="test.plain", **fields):
    return make.message(user, kind, **{"due_at": AT, **fields})


def deliver(at=AT, **options):
    return services.deliver_due(at=at, **options)


def fate(row):
    row.refresh_from_db()
    return row.state


# ---------------------------------------------------------------- the happy way


def test_a_due_message_goes_out_once_and_is_kept_as_it_was_sent(fernhill, kind):
    kind(context=lambda messages: {m.pk: {"url": "/journeys/leading/", "action": "Start, 12 min"} for m in messages})
    row = message(fernhill.asha, params={"title": "Quiz due Thursday"})

    assert deliver().sent == 1
    assert deliver().sent == 0

    [sent] = mail.outbox
    row.refresh_from_db()
    assert (row.state, row.sent_at, row.settled_at, row.lease_until) == (State.SENT, AT, None, None)
    assert (row.title, row.url, row.because, row.channel) == ("Quiz due Thursday", "/journeys/leading/", "", "email")
    # In her language and on her clock, and without the frame of the mail.
    assert row.body == "Dear Asha Raman, it is Mon 2 Mar, 14:30.\n\nSee you."
    assert sent.subject == "Quiz due Thursday"


def test_the_mail_has_two_parts_says_who_writes_and_how_to_stop_it(fernhill, kind):
    kind(context=lambda messages: {m.pk: {"url": "/journeys/leading/", "action": "Start, 12 min"} for m in messages})
    row = message(fernhill.asha)
    deliver()

    parsed = mail.outbox[0].message()
    assert parsed["From"] == "Fernhill Learning <learning@fernhill.example>"
    assert parsed["To"] == "Asha Raman <asha.raman@fernhill.example>"
    assert parsed["Message-ID"] == f"<message-{row.organisation_id}-{row.pk}@fernhill.example>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Unsubscribe"].startswith("<http://testserver/messages/unsubscribe/")
    text, html = (part.get_payload(decode=True).decode() for part in parsed.get_payload())
    assert [part.get_content_type() for part in parsed.get_payload()] == ["text/plain", "text/html"]
    for words in ("Dear Asha Raman", "Start, 12 min", "http://testserver/journeys/leading/", "Because it is due soon"):
        assert words in text
        assert words in html
    assert 'style="' in html  # rules are at the elements, for programs that drop <style>
    assert "prefers-color-scheme" in html


def test_what_people_typed_is_text_in_the_text_and_no_markup_in_the_html(fernhill, kind):
    fernhill.asha.name = "Asha <b>R&D</b>"
    fernhill.asha.save()
    kind(context=lambda messages: {m.pk: {"url": "/x/?a=1&b=2"} for m in messages})
    row = message(fernhill.asha, params={"title": "Q&A: 'why' <now>"}, reason="Because R&D asked")
    deliver()

    sent = mail.outbox[0]
    row.refresh_from_db()
    assert sent.subject == row.title == "Q&A: 'why' <now>"
    assert "Dear Asha <b>R&D</b>" in sent.body
    assert "Dear Asha <b>R&D</b>" in row.body
    assert "http://testserver/x/?a=1&b=2" in sent.body
    html = sent.alternatives[0][0]
    assert "Asha &lt;b&gt;R&amp;D&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "Because R&amp;D asked" in html


def test_mandatory_mail_offers_no_way_to_stop_it(fernhill):
    message(fernhill.asha, mandatory=True)
    deliver()

    assert "List-Unsubscribe" not in mail.outbox[0].message()
    assert "unsubscribe" not in mail.outbox[0].body


def test_a_line_break_in_a_title_or_a_name_is_no_header(fernhill):
    fernhill.asha.name = "Asha\r\nBcc: everybody@example.com"
    fernhill.asha.save()
    message(fernhill.asha, params={"title": "Quiz\r\nX-Evil: yes"})
    deliver()

    parsed = mail.outbox[0].message()
    assert parsed["Subject"] == "Quiz X-Evil: yes"
    assert parsed["X-Evil"] is None
    assert parsed["Bcc"] is None


def test_a_calendar_entry_is_a_file_and_an_answerable_part(fernhill, kind):
    entry = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    attachments = [("session.ics", entry, "text/calendar; method=REQUEST; charset=utf-8")]
    kind(context=lambda messages: {m.pk: {"attachments": attachments} for m in messages})
    message(fernhill.asha)
    deliver()

    parts = list(mail.outbox[0].message().walk())
    found = [
        (p.get_content_type(), p.get_param("method"), p.get_filename())
        for p in parts
        if "calendar" in p["Content-Type"]
    ]
    assert found == [("text/calendar", "REQUEST", None), ("text/calendar", "REQUEST", "session.ics")]
    assert all(
        p.get_payload(decode=True).replace(b"\r\n", b"\n") == entry.replace(b"\r\n", b"\n")
        for p in parts
        if "calendar" in p["Content-Type"]
    )


def test_in_app_messages_send_no_mail(fernhill):
    row = message(fernhill.asha, channel="inapp")
    deliver()

    assert fate(row) == State.SENT
    assert mail.outbox == []


def test_open_pages_are_told_and_a_broken_bell_does_no_harm(fernhill, monkeypatch):
    rung = []

    def broken(ids):
        raise OSError("no Redis")

    monkeypatch.setattr(registry, "_bells", [broken, rung.append])
    message(fernhill.asha)
    message(fernhill.ben, due_at=AT + DAY)
    deliver()

    assert rung == [{fernhill.asha.pk}]


def test_what_is_not_due_waits(fernhill):
    row = message(fernhill.asha, due_at=AT + timedelta(minutes=1))

    assert deliver().sent == 0
    assert fate(row) == State.PLANNED


# ---------------------------------------------------------------- looking again


def test_who_left_gets_nothing_any_more(fernhill):
    left, closed = message(fernhill.asha), message(fernhill.ben)
    Membership.objects.filter(user=fernhill.asha).update(is_active=False)
    fernhill.ben.is_active = False
    fernhill.ben.save()

    assert deliver().suppressed == 2
    for row in (left, closed):
        assert fate(row) == State.SUPPRESSED
        assert row.because == "They have left, or their account is closed"
    assert mail.outbox == []


def test_what_has_become_pointless_is_not_sent_and_says_why(fernhill, kind):
    done, todo = message(fernhill.asha), message(fernhill.ben)
    kind(relevant=lambda messages, at: {done.pk: "Everything it speaks of is finished."})
    deliver()

    assert (fate(done), done.because, done.settled_at) == (State.SUPPRESSED, "Everything it speaks of is finished.", AT)
    assert fate(todo) == State.SENT


def test_what_it_was_about_is_gone(fernhill, kind):
    kind(context=lambda messages: {})
    row = message(fernhill.asha)
    deliver()

    assert (fate(row), row.because) == (State.SUPPRESSED, "What it was about is gone")


@pytest.mark.parametrize(
    ("choice", "mandatory", "state", "mails"),
    [
        ("email", False, State.SENT, 1),
        ("inapp", False, State.SENT, 0),
        ("off", False, State.SUPPRESSED, 0),
        ("off", True, State.SENT, 1),
        (None, False, State.SENT, 1),
    ],
)
def test_peoples_choices_hold(fernhill, choice, mandatory, state, mails):
    row = message(fernhill.asha, category="refresher", mandatory=mandatory)
    if choice:
        make.preference(fernhill.asha, "refresher", choice)
    make.preference(fernhill.asha, "nudge", "off")  # another category's choice is another's
    deliver()

    assert fate(row) == state
    assert len(mail.outbox) == mails


def test_the_ledger_says_that_it_went_to_the_app_only(fernhill):
    row = message(fernhill.asha, category="recommendation")  # by default in the app
    deliver()

    assert (fate(row), row.channel) == (State.SENT, "inapp")
    assert row.because == "In the app only, as they chose in their settings"


def test_at_night_it_waits_for_the_morning_unless_it_is_urgent(fernhill):
    night = datetime(2026, 3, 2, 18, tzinfo=UTC)  # 23:30 in Kolkata
    calm = message(fernhill.asha)
    urgent = message(fernhill.asha, params={"urgent": True})

    result = deliver(night)

    assert (result.sent, result.postponed) == (1, 1)
    assert fate(urgent) == State.SENT
    assert fate(calm) == State.PLANNED
    assert calm.due_at == datetime(2026, 3, 3, 2, 30, tzinfo=UTC)  # 08:00 in Kolkata
    assert calm.because.startswith(services.POSTPONED)
    assert calm.lease_until is None
    assert deliver(calm.due_at).sent == 1
    assert (fate(calm), calm.because) == (State.SENT, "")


def test_own_quiet_hours_working_days_and_holidays(fernhill):
    fernhill.asha.quiet_from, fernhill.asha.quiet_until, fernhill.asha.work_days = time(12), time(18), [7]
    fernhill.asha.save()
    people.holiday(datetime(2026, 3, 8).date(), zone="Asia/Kolkata")
    row = message(fernhill.asha)
    deliver()

    assert fate(row) == State.PLANNED
    assert row.due_at == datetime(2026, 3, 14, 18, 30, tzinfo=UTC)  # Sunday 15 March, midnight in Kolkata


# ---------------------------------------------------------------- nudges


def test_one_nudge_a_day_over_everything(fernhill):
    first = message(fernhill.asha, category="nudge", scope="enrolment:1", due_at=AT - HOUR)
    second = message(fernhill.asha, category="nudge", scope="enrolment:2")
    other = message(fernhill.ben, category="nudge", scope="enrolment:3")

    assert deliver().sent == 2
    assert (fate(first), fate(second), fate(other)) == (State.SENT, State.PLANNED, State.SENT)
    assert second.due_at == AT + DAY
    assert deliver(AT + 4 * HOUR).sent == 0
    third = message(fernhill.asha, category="nudge", scope="enrolment:4", due_at=AT + 2 * HOUR)
    assert deliver(AT + 3 * HOUR).sent == 0  # one went out this morning, in an earlier run
    assert fate(third) == State.PLANNED
    assert deliver(AT + DAY).sent == 1
    assert fate(second) == State.SENT


def test_a_nudge_waits_for_an_older_one_in_another_workers_hands(fernhill):
    message(fernhill.asha, category="nudge", scope="enrolment:1", due_at=AT - HOUR, lease_until=AT + HOUR)
    mine = message(fernhill.asha, category="nudge", scope="enrolment:2")

    assert deliver().sent == 0
    assert fate(mine) == State.PLANNED


def test_a_pointless_nudge_does_not_use_up_the_day(fernhill, kind):
    pointless = message(fernhill.asha, category="nudge", due_at=AT - HOUR)
    useful = message(fernhill.asha, category="nudge")
    kind(relevant=lambda messages, at: {pointless.pk: "Done already."})
    deliver()

    assert (fate(pointless), fate(useful)) == (State.SUPPRESSED, State.SENT)


def test_reminders_are_not_nudges(fernhill):
    for _ in range(3):
        message(fernhill.asha, category="assignment")

    assert deliver().sent == 3


# ---------------------------------------------------------------- what goes wrong


class Server:
    """A mail server that answers as it is told, and remembers what it took."""

    def __init__(self):
        self.answers, self.taken, self.opened = [], [], 0

    def __call__(self, *args, **kwargs):
        server = self

        class Backend(EmailBackend):
            def open(self):
                server.opened += 1
                if server.answers and server.answers[0] == "down":
                    server.answers.pop(0)
                    raise ConnectionRefusedError("Connection refused")

            def send_messages(self, messages):
                if server.answers and (answer := server.answers.pop(0)):
                    raise answer
                server.taken += messages
                return len(messages)

        return Backend()


@pytest.fixture
def server(monkeypatch):
    made = Server()
    monkeypatch.setattr(delivery, "Mailer", lambda: Mailer(made))
    return made


def refused(code, text=b"no"):
    return smtplib.SMTPRecipientsRefused({"asha.raman@fernhill.example": (code, text)})


def test_one_connection_serves_many_messages(fernhill, server):
    for _ in range(5):
        message(fernhill.asha)

    assert deliver().sent == 5
    assert server.opened == 1


def test_an_unknown_address_bounces(fernhill, server):
    server.answers = [refused(550, b"5.1.1 no such user\r\nhere")]
    bad, good = message(fernhill.asha), message(fernhill.ben, due_at=AT)
    deliver()

    assert (fate(bad), bad.because) == (State.BOUNCED, "The mail server said 550 5.1.1 no such user here")
    assert fate(good) == State.SENT
    assert server.opened == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (refused(451), State.PLANNED),
        (smtplib.SMTPDataError(554, b"spam"), State.BOUNCED),
        (smtplib.SMTPDataError(421, b"busy"), State.PLANNED),
        (smtplib.SMTPSenderRefused(550, b"who are you", "learning@x"), State.PLANNED),
        (smtplib.SMTPServerDisconnected("gone"), State.PLANNED),
        (TimeoutError("slow"), State.PLANNED),
        (ValueError("Invalid address"), State.BOUNCED),
    ],
)
def test_what_the_server_answers_decides(fernhill, server, error, state):
    server.answers = [error]
    row = message(fernhill.asha)
    deliver()

    assert fate(row) == state
    assert row.attempts == 1
    assert row.because


def test_tries_are_spaced_out_until_it_is_given_up(fernhill, server):
    # Urgent: the hours of the night are not what this is about.
    row = message(fernhill.asha, params={"urgent": True})
    server.answers = [smtplib.SMTPDataError(451, b"later")] * 8
    moment, tries = AT, []
    while fate(row) == State.PLANNED:
        deliver(moment)
        row.refresh_from_db()
        tries.append(moment)
        if row.lease_until:
            assert row.due_at == AT  # the promise stays what it was: late is late
            deliver(row.lease_until - timedelta(seconds=1))
            assert Message.objects.get().attempts == row.attempts
            moment = row.lease_until

    assert len(tries) == 8
    assert timedelta(hours=9) < tries[-1] - tries[0] < timedelta(hours=12)
    assert row.state == State.DEAD
    assert row.because == "Given up after 8 tries. The mail server said 451 later"


def test_a_dead_message_can_be_tried_again(fernhill):
    row = message(fernhill.asha, state=State.DEAD, attempts=8, because="Given up", settled_at=AT)
    later = AT + 2 * HOUR

    assert services.retry_dead(messages=[row.pk], at=later) == 1
    assert services.retry_dead(messages=[row.pk], at=later) == 0
    assert deliver(later).sent == 1
    assert (fate(row), row.because, row.due_at) == (State.SENT, "", later)


def test_an_unreachable_server_costs_one_try_and_gives_the_rest_back(fernhill, server):
    server.answers = ["down"]
    rows = [message(fernhill.asha, due_at=AT - n * HOUR) for n in range(3, 0, -1)]

    result = deliver()

    assert "could not be reached" in result.unreachable
    for row in rows:
        row.refresh_from_db()
    assert [row.attempts for row in rows] == [1, 0, 0]
    assert [row.lease_until is None for row in rows] == [False, True, True]
    assert deliver(AT + timedelta(seconds=30)).sent == 2
    assert deliver(AT + timedelta(minutes=1)).sent == 1


def test_in_app_messages_do_not_need_the_mail_server(fernhill, server):
    server.answers = ["down"]
    row = message(fernhill.asha, channel="inapp")
    deliver()

    assert fate(row) == State.SENT


def test_a_broken_template_stops_only_its_own_message(fernhill):
    broken, good = message(fernhill.asha, "test.broken", due_at=AT - HOUR), message(fernhill.ben)
    result = deliver()

    assert (result.sent, result.failed) == (1, 1)
    assert fate(broken) == State.DEAD
    assert "nobody_gave_this" in broken.because
    assert fate(good) == State.SENT


def test_an_attachment_that_is_none_stops_only_its_own_message(fernhill, kind):
    bad, good = message(fernhill.asha), message(fernhill.ben)
    kind(
        context=lambda ms: {
            m.pk: {"attachments": [("a.ics", b"\xff", "text/calendar; method=REQUEST")] if m.pk == bad.pk else []}
            for m in ms
        }
    )
    deliver()

    assert (fate(bad), fate(good)) == (State.DEAD, State.SENT)


def test_a_kind_nobody_registered_is_dead_and_says_what_to_do(fernhill):
    row = message(fernhill.asha, "test.unheard")
    deliver()

    assert fate(row) == State.DEAD
    assert row.because == "No app has registered the message kind 'test.unheard' (lxp.messaging.registry)."


def test_a_kind_that_fails_on_one_message_fails_on_that_one_only(fernhill, kind):
    poison, good = message(fernhill.asha, params={"poison": 1}), message(fernhill.ben)

    def relevant(messages, at):
        if any(m.params.get("poison") for m in messages):
            raise KeyError("enrolment")
        return {}

    kind(relevant=relevant)
    deliver()

    assert fate(poison) == State.DEAD
    assert poison.because == "It could not be checked: KeyError: 'enrolment'"
    assert fate(good) == State.SENT


# ---------------------------------------------------------------- many, and more than one worker


def test_a_held_message_is_left_to_its_worker_until_the_lease_runs_out(fernhill):
    row = message(fernhill.asha, lease_until=AT + timedelta(minutes=5))

    assert deliver().sent == 0
    assert deliver(AT + timedelta(minutes=5)).sent == 1
    assert fate(row) == State.SENT


def test_a_lost_lease_is_noticed_before_sending(fernhill, monkeypatch, server):
    """A worker so slow that its lease ran out must not send what another has taken meanwhile."""
    first, second = message(fernhill.asha, due_at=AT - HOUR), message(fernhill.ben)
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=0))

    class Slow(EmailBackend):
        def send_messages(self, messages):
            Message.objects.filter(pk=second.pk).update(lease_until=AT + DAY)  # another worker's
            server.taken += messages
            return 1

    monkeypatch.setattr(delivery, "Mailer", lambda: Mailer(Slow))
    run = delivery._Run(AT, "slow")
    with delivery.Mailer() as mailer:
        run.deliver(run.claim(100), mailer)

    assert [m.to for m in server.taken] == [["Asha Raman <asha.raman@fernhill.example>"]]
    assert (fate(first), fate(second)) == (State.SENT, State.PLANNED)


def test_a_database_that_comes_back_is_waited_for(fernhill, monkeypatch):
    """What has gone out is marked before anything else is sent, however long the database restarts."""
    row = message(fernhill.asha)
    failures = iter([OperationalError("server closed the connection"), OperationalError("starting up"), None])
    update = Message.objects.none().__class__.update

    def flaky(self, **fate):
        if fate.get("state") == State.SENT and (failure := next(failures)):
            raise failure
        return update(self, **fate)

    monkeypatch.setattr(Message.objects.none().__class__, "update", flaky)
    monkeypatch.setattr(delivery, "_reconnect", lambda: None)
    monkeypatch.setattr(delivery, "connection", type("Outside", (), {"in_atomic_block": False}))
    deliver()

    assert fate(row) == State.SENT
    assert len(mail.outbox) == 1


def test_the_run_stops_at_its_limit_and_says_that_there_is_more(fernhill, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 2)
    for _ in range(5):
        message(fernhill.asha)
    called = []

    result = deliver(limit=3, on_backlog=lambda: called.append(1))

    assert (result.sent, result.more, called) == (3, True, [1])
    assert (deliver().sent, deliver().sent) == (2, 0)


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_grow_but_for_the_marks(fernhill, kind, queries, count):
    kind(context=lambda messages: {m.pk: {} for m in messages}, relevant=lambda messages, at: {})
    users = people.people(count)
    for user in users:
        message(user)

    # Claim: savepoint twice, select, update. Checks: organisation, members, choices, relevance and context in a
    # savepoint each, three for the hours. Then each message's mark, and the claim that finds nothing.
    with queries(17 + count):
        assert deliver().sent == count


@pytest.mark.parametrize("count", [1, 3])
def test_withholding_takes_one_statement_for_all(fernhill, queries, count):
    for user in people.people(count):
        message(user, category="nudge")
        make.preference(user, "nudge", "off")

    with queries(11):
        assert deliver().suppressed == count


def test_each_organisation_is_served_in_its_own_scope_and_name(world, kind):
    seen = []

    def context(messages):
        seen.append(
            {m.recipient_id for m in messages} | set(Membership.objects.values_list("organisation_id", flat=True))
        )
        return {m.pk: {} for m in messages}

    kind(context=context)
    with world.scope():
        message(world.asha)
    with world.scope(world.harbour):
        message(world.eve)
    deliver()

    assert sorted(seen, key=sorted) == sorted(
        [{world.asha.pk, world.fernhill.pk}, {world.eve.pk, world.harbour.pk}], key=sorted
    )
    assert sorted(m.from_email for m in mail.outbox) == [
        "Fernhill <learning@localhost>",
        "Harbour Logistics <learning@localhost>",
    ]


# ---------------------------------------------------------------- choices and repairs


def test_what_can_be_chosen(fernhill):
    services.set_preferences(user=fernhill.asha, choices={"nudge": "off", "session": "inapp"})
    services.set_preference(user=fernhill.asha, category="nudge", choice="email")

    assert dict(Preference.objects.values_list("category", "choice")) == {"nudge": "email", "session": "inapp"}
    for category, choice in (("session", "off"), ("nudge", "fax"), ("gossip", "off")):
        with pytest.raises(services.choices.ValidationError):
            services.set_preference(user=fernhill.asha, category=category, choice=choice)


def test_no_category_is_off_by_default():
    """The forecast counts on it: only somebody's own choice switches a category off."""
    assert all(category.default != "off" for category in CATEGORIES.values())


def test_reading_ones_own_only(fernhill):
    mine = [message(fernhill.asha, state=State.SENT) for _ in range(2)]
    theirs = message(fernhill.ben, state=State.SENT)
    planned = message(fernhill.asha)

    assert services.mark_read(user=fernhill.asha, message_ids=[mine[0].pk, theirs.pk, planned.pk], at=AT) == 1
    assert services.mark_all_read(user=fernhill.asha, at=AT + HOUR) == 1
    for row in (theirs, planned):
        row.refresh_from_db()
        assert row.read_at is None
    mine[0].refresh_from_db()
    assert mine[0].read_at == AT


def test_sending_once_more_leaves_the_first_as_it_was(fernhill):
    row = message(fernhill.asha, scope="enrolment:1", suffix="reminder:quiz")
    deliver()

    copy = services.resend(message=Message.objects.get(pk=row.pk), at=AT + DAY)
    with pytest.raises(services.choices.ValidationError):
        services.resend(message=Message.objects.get(pk=row.pk), at=AT + DAY)
    # No plan takes back what somebody sent by hand.
    services.sync_planned(
        members=[services.Member(fernhill.asha.pk, "enrolment:1")], plans={}, kinds=["test.plain"], at=AT
    )
    assert deliver(AT + DAY).sent == 1

    assert (fate(row), row.sent_at) == (State.SENT, AT)
    assert fate(copy) == State.SENT
    assert len(mail.outbox) == 2
    assert services.resend(message=Message.objects.get(pk=row.pk), at=AT + 2 * DAY).suffix != copy.suffix


def test_bounces_and_confirmations_come_back_later(fernhill):
    row = message(fernhill.asha)
    assert not services.record_bounce(message=row, because="unknown", at=AT)
    deliver()

    assert services.record_delivery(message=row, at=AT + HOUR)
    assert not services.record_delivery(message=row, at=AT + HOUR)
    assert services.record_bounce(message=row, because="mailbox full", at=AT + DAY)
    assert (fate(row), row.because, row.settled_at) == (State.BOUNCED, "mailbox full", AT + DAY)
