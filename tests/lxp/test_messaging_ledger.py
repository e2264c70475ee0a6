"""The ledger equals the plan: whatever came before, however often, in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxp.messaging.models import Message, State
from lxp.messaging.plan import PlannedMessage
from lxp.messaging.services import Member, SyncResult, promise, sync_planned
from lxp.tenancy import NoScope
from tests.factories import messaging as make
from tests.factories import people

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
KINDS = ["test.reminder", "test.invitation"]
NOTHING = SyncResult(0, 0, 0)


def planned(suffix="reminder:quiz", day=3, **changes):
    about = AT + DAY * day
    fields = {"kind": "test.reminder", "category": "assignment", "due_at": about - DAY, "about_at": about}
    return PlannedMessage(suffix, reason="Because it is due soon", **{**fields, **changes})


def member(user, scope="enrolment:1", plan=1):
    return Member(user.pk, scope, plan)


def sync(members, plan, at=AT, kinds=KINDS):
    plans = plan if isinstance(plan, dict) else {1: plan}
    return sync_planned(members=members, plans=plans, kinds=kinds, at=at)


@pytest.fixture
def fernhill(world):
    with world.scope():
        yield world


def test_a_plan_becomes_rows_and_a_second_time_changes_nothing(fernhill):
    plan = [
        planned(params={"minutes": 12}, subject_id=7, mandatory=True, channel="inapp"),
        planned("invitation", about_at=None),
    ]

    assert sync([member(fernhill.asha)], plan) == SyncResult(added=2, moved=0, suppressed=0)
    before = list(Message.objects.order_by("id").values())
    assert sync([member(fernhill.asha)], plan, at=AT + DAY) == NOTHING

    assert list(Message.objects.order_by("id").values()) == before
    row = Message.objects.get(suffix="reminder:quiz")
    assert (row.recipient, row.scope, row.due_at, row.about_at) == (
        fernhill.asha,
        "enrolment:1",
        AT + 2 * DAY,
        AT + 3 * DAY,
    )
    assert (row.params, row.subject_id, row.mandatory, row.channel) == ({"minutes": 12}, 7, True, "inapp")
    assert (row.state, row.planned_at, row.organisation_id) == (State.PLANNED, AT, fernhill.fernhill.pk)


def test_a_moved_date_moves_the_very_row(fernhill):
    sync([member(fernhill.asha)], [planned(day=3)])
    before = Message.objects.get()

    assert sync([member(fernhill.asha)], [planned(day=5)]) == SyncResult(added=0, moved=1, suppressed=0)

    after = Message.objects.get()
    assert (after.pk, after.due_at, after.about_at) == (before.pk, AT + 4 * DAY, AT + 5 * DAY)


def test_several_dates_of_one_message_move_without_meeting(fernhill):
    """Weekly reminders shifted by one week: the first's new date is the second's old one."""
    sync([member(fernhill.asha)], [planned(day=7), planned(day=14)])

    assert sync([member(fernhill.asha)], [planned(day=14), planned(day=21)]) == SyncResult(0, moved=1, suppressed=0)

    assert sorted(Message.objects.values_list("about_at", flat=True)) == [AT + 14 * DAY, AT + 21 * DAY]


def test_new_wording_is_taken_over(fernhill):
    sync([member(fernhill.asha)], [planned()])

    changed = planned(params={"title": "Quiz"}, channel="inapp")
    assert sync([member(fernhill.asha)], [changed]) == SyncResult(0, moved=1, suppressed=0)
    assert sync([member(fernhill.asha)], [changed]) == NOTHING
    assert Message.objects.get().params == {"title": "Quiz"}


def test_what_is_not_needed_is_taken_back_and_promised_again_when_wanted(fernhill):
    sync([member(fernhill.asha)], [planned()])

    assert sync([member(fernhill.asha, plan=9)], {}) == SyncResult(0, 0, suppressed=1)
    row = Message.objects.get()
    assert (row.state, row.because, row.settled_at) == (State.SUPPRESSED, "No longer needed", AT)
    assert sync([member(fernhill.asha, plan=9)], {}) == NOTHING

    assert sync([member(fernhill.asha)], [planned()]) == SyncResult(added=1, moved=0, suppressed=0)
    row.refresh_from_db()
    assert (row.state, row.because, row.settled_at) == (State.PLANNED, "", None)


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.BOUNCED, State.DEAD])
def test_what_went_out_is_history(fernhill, state):
    sync([member(fernhill.asha)], [planned()])
    Message.objects.update(state=state, sent_at=AT)

    assert sync([member(fernhill.asha)], [planned(params={"new": 1})]) == NOTHING
    assert sync([member(fernhill.asha)], []) == NOTHING
    assert Message.objects.get().state == state


def test_a_moved_date_is_a_new_promise_once_the_old_one_has_gone_out(fernhill):
    sync([member(fernhill.asha)], [planned(day=3)])
    Message.objects.update(state=State.SENT, sent_at=AT)

    assert sync([member(fernhill.asha)], [planned(day=5)]) == SyncResult(added=1, moved=0, suppressed=0)
    assert list(Message.objects.order_by("about_at").values_list("state", flat=True)) == ["sent", "planned"]


def test_what_was_withheld_by_choice_stays_withheld(fernhill):
    sync([member(fernhill.asha)], [planned()])
    Message.objects.update(state=State.SUPPRESSED, because="Switched off in their settings")

    assert sync([member(fernhill.asha)], [planned(params={"new": 1})]) == NOTHING
    assert Message.objects.get().because == "Switched off in their settings"


def test_messages_of_other_planners_and_scopes_are_left_alone(fernhill):
    other_kind = make.message(fernhill.asha, "test.welcome", scope="enrolment:1", suffix="welcome")
    other_scope = make.message(fernhill.asha, "test.reminder", scope="enrolment:2", suffix="reminder:quiz")

    sync([member(fernhill.asha)], [planned()])
    sync([member(fernhill.asha)], [])

    for row in (other_kind, other_scope):
        row.refresh_from_db()
        assert row.state == State.PLANNED


def test_a_message_in_a_workers_hands_is_not_touched(fernhill):
    sync([member(fernhill.asha)], [planned(day=3)])
    Message.objects.update(lease_until=AT + timedelta(minutes=2))

    assert sync([member(fernhill.asha)], []) == NOTHING
    assert sync([member(fernhill.asha)], [planned(params={"new": 1})]) == NOTHING
    # A new date can't wait for the worker: it is promised beside the one that is on its way.
    assert sync([member(fernhill.asha)], [planned(day=5)]) == SyncResult(added=1, moved=0, suppressed=0)
    assert Message.objects.get(about_at=AT + 3 * DAY).state == State.PLANNED


def test_a_message_that_waits_for_its_next_try_can_still_be_taken_back(fernhill):
    sync([member(fernhill.asha)], [planned()])
    Message.objects.update(lease_until=AT + timedelta(hours=1), because="The mail server did not answer", attempts=2)

    assert sync([member(fernhill.asha)], []) == SyncResult(0, 0, suppressed=1)


def test_what_delivery_postponed_is_not_pulled_back_into_the_past(fernhill):
    late = planned(due_at=AT - timedelta(hours=12))
    sync([member(fernhill.asha)], [late])
    Message.objects.update(due_at=AT + DAY, because="Postponed: it was night where they are")

    assert sync([member(fernhill.asha)], [late]) == NOTHING
    assert Message.objects.get().due_at == AT + DAY
    # A plan with a moment still to come decides again.
    assert sync([member(fernhill.asha)], [planned(due_at=AT + timedelta(hours=3))]) == SyncResult(0, 1, 0)


def test_two_people_with_equal_plans_and_one_with_another(fernhill):
    members = [
        member(fernhill.asha, "enrolment:1", 1),
        member(fernhill.ben, "enrolment:2", 1),
        member(fernhill.chen, "enrolment:3", 2),
    ]

    result = sync(members, {1: [planned()], 2: [planned(), planned("invitation", kind="test.invitation")]})

    assert result == SyncResult(added=4, moved=0, suppressed=0)
    assert list(Message.objects.order_by("scope", "suffix").values_list("recipient__name", "suffix")) == [
        ("Asha Raman", "reminder:quiz"), ("Ben Okafor", "reminder:quiz"),
        ("Chen Wei", "invitation"), ("Chen Wei", "reminder:quiz"),
    ]  # fmt: skip


suffixes = st.sampled_from(["a", "b"])
days = st.integers(1, 4)
some_plan = st.dictionaries(st.tuples(suffixes, days), st.integers(0, 2), max_size=5).map(
    lambda keys: [planned(suffix, day, params={"n": n}) for (suffix, day), n in keys.items()]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(steps=st.lists(some_plan, min_size=1, max_size=5), sent=st.booleans())
def test_only_the_last_plan_counts(fernhill, steps, sent):
    """Whatever was planned before, the planned rows are exactly those of the last plan; what was sent stays."""
    Message.objects.all().delete()
    someone = [member(fernhill.asha)]
    sync(someone, steps[0])
    if sent:
        Message.objects.update(state=State.SENT, sent_at=AT)
    gone_out = {(row.suffix, row.about_at) for row in Message.objects.filter(state=State.SENT)}
    for plan in steps[1:]:
        sync(someone, plan)
    assert sync(someone, steps[-1]) == NOTHING

    wanted = {(m.suffix, m.about_at): (m.due_at, m.params["n"]) for m in steps[-1]}
    found = {
        (row.suffix, row.about_at): (row.due_at, row.params["n"]) for row in Message.objects.filter(state=State.PLANNED)
    }
    assert found == {key: value for key, value in wanted.items() if key not in gone_out}
    assert {(row.suffix, row.about_at) for row in Message.objects.filter(state=State.SENT)} == gone_out


@pytest.mark.parametrize("count", [1, 3, 1003])
def test_the_number_of_queries_does_not_grow_with_people(fernhill, queries, count):
    members = [Member(user.pk, f"enrolment:{user.pk}", 1) for user in people.people(count)]
    chunks = 1 + count // 1000

    with queries(2 + 3 * chunks):  # the savepoint; each chunk: hash joins on, the statement, off
        result = sync(members, [planned(), planned("other")])

    assert result.added == 2 * count


def test_a_promise_is_kept_once(fernhill):
    message = planned("moved:2", kind="test.moved", category="session", mandatory=True)
    both = [member(fernhill.asha, "booking:1"), member(fernhill.ben, "booking:2")]

    assert promise(members=both[:1], message=message, at=AT) == 1
    Message.objects.update(state=State.SENT, sent_at=AT)
    assert promise(members=both, message=message, at=AT) == 1
    assert promise(members=both, message=message, at=AT) == 0
    assert Message.objects.get(recipient=fernhill.asha).state == State.SENT


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (planned(category="gossip"), "Unknown message category 'gossip'"),
        (planned(kind="test.other"), "not among the kinds"),
        (planned(due_at=datetime(2026, 3, 2)), "has no zone"),
        (planned(channel="pigeon"), "not a valid Channel"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(fernhill, message, words):
    with pytest.raises(ValueError, match=words):
        sync([member(fernhill.asha)], [message])
    assert Message.objects.count() == 0


def test_one_key_twice_and_one_scope_for_two_people_are_refused(fernhill):
    with pytest.raises(ValueError, match="twice"):
        sync([member(fernhill.asha)], [planned(), replace(planned(), params={"x": 1})])
    with pytest.raises(ValueError, match="one recipient"):
        sync([member(fernhill.asha), member(fernhill.ben)], [planned()])


def test_another_organisations_rows_with_the_same_scope_are_not_seen(world):
    with world.scope(world.harbour):
        make.message(world.eve, "test.reminder", scope="enrolment:1", suffix="reminder:quiz")
    with world.scope():
        sync([member(world.asha)], [planned()])
        sync([member(world.asha)], [])

    assert Message.unscoped.get(recipient=world.eve).state == State.PLANNED


def test_without_a_scope_nothing_is_synced(world):
    with pytest.raises(NoScope):
        sync([member(world.asha)], [planned()])
