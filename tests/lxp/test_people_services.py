"""Services over people: what each change checks, announces and leaves alone; files of people in bulk."""

import contextlib
from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from lxp.events.models import DomainEvent
from lxp.people import queries, services, sheet, zones
from lxp.people.models import ApiToken, Membership, PeopleImport, User
from lxp.people.sheet import SheetError
from lxp.tenancy import scope
from tests.factories import people


def told(kind="lxp.people.PersonChanged"):
    return [
        (event.payload.get("user_id"), event.payload.get("changed"))
        for event in DomainEvent.unscoped.filter(kind=kind).order_by("pk")
    ]


def change(world, user, **changes):
    with world.scope():
        return services.update_person(membership=world.membership(user), changes=changes, by=world.adi, at=world.now)


# ---------------------------------------------------------------- one person


def test_only_what_differs_is_changed_and_announced(world):
    assert change(world, world.asha, name="Asha Raman", place="Porto", hired_on="2026-01-05") == ["place", "hired_on"]
    assert change(world, world.asha, place=" Porto ") == []
    assert told() == [(world.asha.pk, ["place", "hired_on"])]
    (event,) = DomainEvent.unscoped.filter(kind="lxp.people.PersonChanged")
    assert (event.actor, event.at, event.organisation) == (world.adi, world.now, world.fernhill)
    assert world.membership(world.asha).updated_at == world.now


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"shoe": 3}, "shoe"),
        ({"name": " "}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"email": "nonsense"}, "email"),
        ({"email": "Chen.Wei@fernhill.example"}, "email"),
        ({"zone": "CET+1"}, "zone"),
        ({"zone": "posix/Europe/Lisbon"}, "zone"),
        ({"locale": "xx"}, "locale"),
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles"),
        ({"hired_on": "yesterday"}, "hired_on"),
        ({"attributes": ["x"]}, "attributes"),
        ({"attributes": {"": 1}}, "attributes"),
        ({"attributes": {"x": float("nan")}}, "attributes"),
        ({"attributes": {"x": "\x00"}}, "attributes"),
        ({"attributes": {"x": "y" * 301}}, "attributes"),
    ],
)
def test_a_wrong_value_changes_nothing(world, changes, field):
    with pytest.raises(ValidationError) as refused:
        change(world, world.asha, place="Porto", **changes)
    assert field in refused.value.message_dict
    assert world.membership(world.asha).place == ""
    assert told() == []


def test_a_manager_is_an_active_member_of_the_same_organisation(world):
    for manager in (world.eve, world.asha):
        with pytest.raises(ValidationError, match=r"active member|reports to them"):
            change(world, world.asha, manager=manager)
    change(world, world.chen, manager=world.ben)
    with pytest.raises(ValidationError, match="reports to them already"):
        change(world, world.ben, manager=world.asha)  # Asha → Chen → Ben
    with world.scope():
        assert queries.managers_above(world.asha.pk) == {world.chen.pk, world.ben.pk}


def test_a_circle_that_got_in_some_other_way_does_not_hang(world):
    Membership.unscoped.filter(user=world.chen).update(manager=world.asha)
    with world.scope():
        assert queries.managers_above(world.asha.pk) == {world.asha.pk, world.chen.pk}


def test_the_id_of_the_hr_system_is_one_persons(world):
    change(world, world.ben, external_id="HR-1")
    with pytest.raises(ValidationError, match="Somebody else has this id"):
        change(world, world.asha, external_id="HR-1")
    change(world, world.asha, external_id="")
    change(world, world.dana, external_id="")


def test_leaving_keeps_everything_and_coming_back_restores_it(world):
    with world.scope():
        member = world.membership(world.asha)
        assert services.deactivate_person(membership=member, by=world.adi, at=world.now) is True
        assert services.deactivate_person(membership=member, by=world.adi, at=world.now) is False
        assert (member.is_active, member.left_on, member.manager) == (False, date(2026, 3, 2), world.chen)
        assert world.asha.pk not in queries.members().values_list("user_id", flat=True)
        assert services.reactivate_person(membership=member, by=world.adi, at=world.now) is True
        assert services.reactivate_person(membership=member, by=world.adi, at=world.now) is False
    assert told() == [(world.asha.pk, ["is_active"])] * 2


def test_there_is_always_an_administrator(world):
    with world.scope():
        with pytest.raises(ValidationError, match="last administrator"):
            services.set_roles(membership=world.membership(world.adi), roles=["learner"], by=world.dana, at=world.now)
        with pytest.raises(ValidationError, match="last administrator"):
            services.deactivate_person(membership=world.membership(world.adi), by=None, at=world.now)
        services.set_roles(membership=world.membership(world.dana), roles=["administrator"], by=world.adi, at=world.now)
        assert services.set_roles(
            membership=world.membership(world.adi), roles=["learner"], by=world.dana, at=world.now
        ) == ["roles"]


# ---------------------------------------------------------------- settings


def test_every_organisation_somebody_works_in_hears_of_a_new_zone(world):
    with world.scope(world.harbour):
        Membership.objects.create(user=world.asha, roles=["learner"])
    with world.scope():
        changed = services.update_settings(user=world.asha, changes={"zone": "Asia/Tokyo"}, by=world.asha, at=world.now)
    assert changed == ["zone"]
    events = DomainEvent.unscoped.filter(kind="lxp.people.PersonChanged")
    assert {event.organisation for event in events} == {world.fernhill, world.harbour}


def test_settings_keep_what_was_not_mentioned(world):
    with world.scope():
        services.update_settings(
            user=world.asha, changes={"work_start": time(7, 0), "work_days": [5, 1, 1]}, by=world.asha, at=world.now
        )
        world.asha.refresh_from_db()
        assert (world.asha.work_start, world.asha.work_days, world.asha.zone) == (time(7, 0), [1, 5], "Asia/Kolkata")
        for wrong in ({"work_days": [0]}, {"theme": "pink"}, {"quiet_from": time(1)}, {"is_staff": True}):
            with pytest.raises(ValidationError):
                services.update_settings(user=world.asha, changes=wrong, by=world.asha, at=world.now)


# ---------------------------------------------------------------- zones


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Lisbon", "Europe/Lisbon"), ("europe/lisbon", "Europe/Lisbon"), ("lisbon", "Europe/Lisbon"),
        ("new york", "America/New_York"), (" Kathmandu ", "Asia/Kathmandu"), ("UTC", "UTC"), ("", None),
        ("atlantis", None), ("Factory", None), ("../../etc/passwd", None),
    ],
)  # fmt: skip
def test_a_zone_is_found_by_what_people_type(text, zone):
    assert zones.resolve(text) == zone


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "UTC"), ("Asia/Kathmandu", "UTC+5:45"), ("America/Sao_Paulo", "UTC−3"), ("Europe/Lisbon", "UTC+1")],
)
def test_the_offset_is_that_of_the_day(zone, text):
    assert zones.offset_text(zone, datetime(2026, 7, 1, tzinfo=UTC)) == text


@given(st.sampled_from(sorted(zones.names())))
def test_every_zone_is_found_by_its_own_name(name):
    assert zones.resolve(name) == name
    assert zones.offset_text(name, datetime(2026, 7, 1, tzinfo=UTC)).startswith("UTC")


# ---------------------------------------------------------------- keys and the organisation


def test_a_key_is_stored_only_as_a_hash(world):
    with world.scope():
        token, key = services.issue_token(
            name="HR", scopes=["people:write", "people:read"], expires_at=None, by=world.adi, at=world.now
        )
    assert token.scopes == ["people:read", "people:write"]
    stored = " ".join(map(str, ApiToken.unscoped.values().get().values()))
    assert key not in stored
    assert key.partition(".")[2] not in stored
    events = DomainEvent.unscoped.filter(kind__in=["lxp.people.TokenIssued"])
    assert [event.payload for event in events] == [{"prefix": token.prefix, "scopes": token.scopes}]


def test_a_team_never_stands_under_itself(world):
    with world.scope():
        north = services.create_team(name="North", parent=world.team, by=world.adi, at=world.now)
        with pytest.raises(ValidationError, match="under itself"):
            services.update_team(team=world.team, changes={"parent": north}, by=world.adi, at=world.now)
        assert services.update_team(
            team=north, changes={"parent": None, "name": "North"}, by=world.adi, at=world.now
        ) == ["parent"]


# ---------------------------------------------------------------- reading files


def test_columns_are_known_by_many_names_and_any_separator():
    rows = sheet.read(
        '\ufeffE-Mail;Full name;Department;attributes.Grade\n a@b.example ; "Sol; Ana";north;B\n\n;;;\nc@d.example\n'
    ).rows
    assert [(row.line, dict(row.cells)) for row in rows] == [
        (2, {"email": "a@b.example", "name": "Sol; Ana", "team": "north", "attributes.Grade": "B"}),
        (5, {"email": "c@d.example", "name": "", "team": "", "attributes.Grade": ""}),
    ]


def test_line_numbers_count_lines_of_the_file_also_after_a_text_over_two_lines():
    rows = sheet.read('email,name\na@b.example,"Ana\nSol"\nc@d.example,Bo\n').rows
    assert [row.line for row in rows] == [2, 4]


@given(st.text(max_size=200))
def test_whatever_a_file_holds_is_read_or_refused(text):
    with contextlib.suppress(SheetError):
        sheet.read("email,name\n" + text)


# ---------------------------------------------------------------- comparing files


def look(world, text, organisation=None):
    with world.scope(organisation):
        return services.preview(text)


def verbs(plan):
    return [(row.line, row.verb) for row in plan.rows]


def test_a_file_is_compared_with_what_is_known(world):
    with world.scope():
        left = people.person("Left Person", external_id="HR-9")
        services.deactivate_person(membership=world.membership(left), by=None, at=world.now)
    plan = look(
        world,
        "email,name,external_id,place,status\n"
        "asha.raman@fernhill.example,,,,\n"
        "ben.okafor@fernhill.example,,HR-2,Porto,\n"
        "left.renamed@fernhill.example,,HR-9,,\n"
        "dana.novak@fernhill.example,,,,left\n"
        "new@fernhill.example,New Person,,,\n"
        "gone@fernhill.example,Gone Before,,,left\n"
        "nameless@fernhill.example,,,,\n",
    )
    assert verbs(plan) == [
        (2, "same"),
        (3, "change"),
        (4, "back"),
        (5, "leave"),
        (6, "new"),
        (7, "same"),
        (8, "refused"),
    ]
    assert plan.rows[1].changes == {"external_id": ("–", "HR-2"), "place": ("–", "Porto")}
    assert plan.rows[2].changes == {"email": ("left.person@fernhill.example", "left.renamed@fernhill.example")}
    assert plan.rows[6].errors == ["name: needed for somebody new."]


@pytest.mark.parametrize(
    ("columns", "cells", "text"),
    [
        ("email,name", "nonsense,X", "email:"),
        ("email,name,team", "x@y.example,X,nowhere", "there is no “nowhere” here"),
        ("email,name,job_role", "x@y.example,X,pilot", "there is no “pilot” here"),
        ("email,name,zone", "x@y.example,X,Mars", "is no time zone"),
        ("email,name,roles", "x@y.example,X,learner;king", "No such role: king"),
        ("email,name,hired_on", "x@y.example,X,2.3.2026", "Write it like 2026-03-02"),
        ("email,name,status", "x@y.example,X,retired", "write active or left"),
        ("email,name,manager", "x@y.example,X,eve@harbour.example", "nobody here has the e-mail"),
        ("email,name,manager", "x@y.example,X,x@y.example", "report to themselves"),
        ("email,external_id", "asha.raman@fernhill.example,HR-B", "The id belongs to Ben Okafor"),
        ("email,external_id", "eve@harbour.example,HR-B", "somebody else has this e-mail"),
    ],
)
def test_a_bad_row_says_what_is_wrong_with_it(world, columns, cells, text):
    change(world, world.ben, external_id="HR-B")
    (row,) = look(world, f"{columns}\n{cells}\n").rows
    assert row.verb == "refused"
    assert text in " ".join(row.errors)


def test_two_lines_about_one_person_are_refused(world):
    plan = look(world, "email,name\nx@y.example,X\nX@Y.example,Y\n")
    assert verbs(plan) == [(2, "new"), (3, "refused")]
    assert "line 2" in plan.rows[1].errors[0]


def test_a_circle_of_managers_is_refused_even_when_the_file_closes_it(world):
    plan = look(
        world,
        "email,manager\nchen.wei@fernhill.example,ben.okafor@fernhill.example\nben.okafor@fernhill.example,asha.raman@fernhill.example\n",
    )
    assert {row.verb for row in plan.rows} == {"refused"}


def test_a_circle_that_runs_through_people_the_file_does_not_mention_is_refused(world):
    change(world, world.dana, manager=world.chen)
    change(world, world.ben, manager=world.dana)  # Ben → Dana → Chen
    (row,) = look(world, f"email,manager\n{world.chen.email},{world.ben.email}\n").rows
    assert row.verb == "refused"


# ---------------------------------------------------------------- writing files


def bring(world, text, *, leave_out=False, organisation=None):
    with world.scope(organisation):
        return services.import_people(
            name="people.csv", text=text, leave_out_refused=leave_out, by=world.adi, at=world.now
        )


def test_new_people_get_what_the_file_says_and_the_rest_from_the_organisation(world):
    bring(
        world,
        "email,name,manager,team,roles,attributes.grade\nAna@Fernhill.example,Ana,bo@fernhill.example,field-operations,learner;manager,B\nbo@fernhill.example,Bo,,,,\n",
    )
    ana = Membership.unscoped.select_related("user", "manager").get(user__email__iexact="ana@fernhill.example")
    assert (ana.user.zone, ana.manager.email, ana.team, ana.roles, ana.attributes) == (
        "Europe/Lisbon", "bo@fernhill.example", world.team, ["learner", "manager"], {"grade": "B"})  # fmt: skip
    assert not ana.user.has_usable_password()
    assert [changed for _user, changed in told()] == [["joined"], ["joined"]]


def test_an_empty_cell_leaves_and_a_dash_empties(world):
    change(world, world.asha, place="Porto", attributes={"grade": "B", "shift": "2"})
    bring(world, f"email,place,manager,attributes.grade,attributes.shift\n{world.asha.email},,-,-,\n")
    member = world.membership(world.asha)
    assert (member.place, member.manager, member.attributes) == ("Porto", None, {"shift": "2"})


def test_importing_the_same_file_twice_changes_nothing(world):
    text = f"email,name,place\n{world.asha.email},Asha R.,Porto\nx@y.example,X,Braga\n"
    assert bring(world, text).count("new", "change") == 2
    before = list(Membership.unscoped.order_by("pk").values())
    assert bring(world, text).doing == []
    assert list(Membership.unscoped.order_by("pk").values()) == before


def test_with_a_bad_row_nothing_is_written_unless_it_is_left_out(world):
    text = f"email,name,zone\n{world.asha.email},Asha R.,\nx@y.example,X,Mars\n"
    with pytest.raises(ValidationError) as refused:
        bring(world, text)
    assert "Line 3: zone:" in refused.value.messages[1]
    assert not PeopleImport.unscoped.exists()
    assert User.objects.get(pk=world.asha.pk).name == "Asha Raman"
    bring(world, text, leave_out=True)
    assert User.objects.get(pk=world.asha.pk).name == "Asha R."


def test_a_file_cannot_take_the_last_administrator_away(world):
    with pytest.raises(ValidationError, match="no administrator left"):
        bring(world, f"email,status\n{world.adi.email},left\n")
    assert world.membership(world.adi).is_active


def test_the_account_of_somebody_who_works_elsewhere_is_only_joined(world):
    bring(world, "email,name,zone\neve@harbour.example,Not Eve,Asia/Tokyo\n")
    eve = User.objects.get(pk=world.eve.pk)
    assert (eve.name, eve.zone, eve.memberships(manager="unscoped").count()) == ("Eve Strand", "Europe/Oslo", 2)
    (row,) = look(world, "email,name\neve@harbour.example,Not Eve\n").rows
    assert "only they can change name" in row.errors[0]


def test_taking_an_import_back_restores_what_has_not_changed_since(world):
    change(world, world.asha, place="Porto")
    bring(world, f"email,name,place,hired_on\n{world.asha.email},Asha R.,Braga,2026-01-05\nx@y.example,X,,\n")
    change(world, world.asha, name="Asha Again")
    with scope(world.fernhill):
        entry = PeopleImport.objects.get()
        assert services.undo_import(entry=entry, by=world.adi, at=world.now) == 2
        member = world.membership(world.asha)
        assert (member.user.name, member.place, member.hired_on) == ("Asha Again", "Porto", None)
        assert Membership.objects.get(user__email="x@y.example").is_active is False
        with pytest.raises(ValidationError, match="nothing to undo"):
            services.undo_import(entry=entry, by=world.adi, at=world.now)


def test_after_thirty_days_an_import_stays(world):
    bring(world, "email,name\nx@y.example,X\n")
    at = world.at("2026-04-02 09:00")
    with scope(world.fernhill), pytest.raises(ValidationError, match="thirty days"):
        services.undo_import(entry=PeopleImport.objects.get(), by=world.adi, at=at)


@pytest.mark.parametrize("rows", [1, 30])
def test_a_file_costs_the_same_statements_however_long(world, queries, rows):
    text = "email,name,manager\n" + "".join(f"p{n}@y.example,P {n},{world.chen.email}\n" for n in range(rows))
    with world.scope():
        entry = services.start_import(name="x.csv", text=text, by=world.adi, at=world.now)
        with queries(18):
            services.apply_import(entry=entry, leave_out_refused=False, by=world.adi, at=world.now)


# ---------------------------------------------------------------- the command


def test_the_command_looks_first_and_imports_all_or_nothing(world, tmp_path, capsys):
    file = tmp_path / "people.csv"
    file.write_text(f"email,name,zone\nx@y.example,X,\n{world.asha.email},Asha R.,Mars\n")

    def run(*options):
        call_command("import_people", str(file), "--organisation", "fernhill", *options)
        return capsys.readouterr()

    looked = run("--dry-run")
    assert "1 new, 0 changed" in looked.out
    assert "line     3  refused" in looked.err
    assert Membership.unscoped.count() == 6
    with pytest.raises(CommandError, match="nothing was"):
        run()
    assert Membership.unscoped.count() == 6
    assert "1 people imported" in run("--leave-out").out
    assert Membership.unscoped.count() == 7


@pytest.mark.parametrize(
    ("content", "organisation", "text"),
    [
        (b"email\n", "nowhere", "no organisation"),
        (b"\xff\xfe", "fernhill", "UTF-8"),
        (b"name\n", "fernhill", "must be email"),
        (None, "fernhill", "No such file"),
    ],
)
def test_the_command_says_what_is_wrong_with_what_it_got(world, tmp_path, content, organisation, text):
    file = tmp_path / "people.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=text):
        call_command("import_people", str(file), "--organisation", organisation)
