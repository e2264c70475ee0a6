"""The REST base and people's resources: tokens, scopes, problems, keys, pages, and every resource's four answers."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from lxp.api_schema import Generator
from lxp.people.models import ApiToken, Audience, JobRole, Membership, Team
from lxp.tenancy import current_id_or_none
from lxp.web.models import IdempotencyRecord
from tests.architecture.sources import ROOT
from tests.factories import people

PEOPLE = "/api/v1/people/"
ANA = {"email": "ana@fernhill.example", "name": "Ana Sol", "zone": "Europe/Lisbon"}


def post(client, path, body, **headers):
    return client.post(
        path, body, format="json", headers={key.replace("_", "-"): value for key, value in headers.items()}
    )


def problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    return body


# ---------------------------------------------------------------- who calls


def test_without_a_token_the_answer_says_how_to_bring_one(world):
    response = APIClient().get(PEOPLE)
    assert "Authorization: Bearer" in problem(response, 401)["detail"]
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("header", ["Bearer x", "Bearer abcdefgh.secret", "Bearer ", "Bearer a b"])
def test_a_made_up_token_is_refused(world, header):
    assert "unknown or was revoked" in problem(APIClient(HTTP_AUTHORIZATION=header).get(PEOPLE), 401)["detail"]


def test_a_token_ends_when_it_expires_and_when_it_is_revoked(world):
    client = world.api("people:read")
    token = ApiToken.unscoped.get()
    ApiToken.unscoped.filter(pk=token.pk).update(expiry_date=world.now)
    assert "expired" in problem(client.get(PEOPLE), 401)["detail"]
    ApiToken.unscoped.filter(pk=token.pk).update(expiry_date=None)
    assert client.get(PEOPLE).status_code == 200
    ApiToken.unscoped.filter(pk=token.pk).update(revoked=True)
    problem(client.get(PEOPLE), 401)


def test_scopes_open_only_what_they_name(world):
    reader = world.api("people:read")
    assert reader.get(PEOPLE).status_code == 200
    assert "lacks the scope people:write" in problem(post(reader, PEOPLE, ANA), 403)["detail"]
    assert "lacks the scope audiences:read" in problem(reader.get("/api/v1/audiences/"), 403)["detail"]
    assert world.api("people:write").get(PEOPLE).status_code == 200


def test_a_token_sees_its_own_organisation_only(world, api):
    problem(api.get(f"{PEOPLE}{world.eve.pk}/"), 404)
    problem(api.patch(f"{PEOPLE}{world.eve.pk}/", {"name": "X"}, format="json"), 404)
    emails = {row["email"] for row in api.get(PEOPLE).json()["results"]}
    assert world.eve.email not in emails
    assert len(emails) == 5
    harbour = world.api("people:read", organisation=world.harbour)
    assert [row["email"] for row in harbour.get(PEOPLE).json()["results"]] == [world.eve.email]


def test_the_scope_a_token_opened_ends_with_the_request_even_when_it_failed(world, api, monkeypatch):
    api.get(PEOPLE)
    assert current_id_or_none() is None

    def broken(*_args, **_more):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("lxp.people.queries.people_updated_since", broken)
    api.raise_request_exception = False
    response = api.get(PEOPLE)
    assert "a fault of ours" not in str(problem(response, 500))
    assert current_id_or_none() is None


def test_when_a_token_was_used_is_noted_now_and_then(world, queries):
    client = world.api("people:read")
    client.get(PEOPLE)
    assert ApiToken.unscoped.get().last_used_at == world.now
    world.at("2026-03-02 09:04")
    with queries(2):  # the token, the page
        client.get(PEOPLE)
    at = world.at("2026-03-02 09:06")
    client.get(PEOPLE)
    assert ApiToken.unscoped.get().last_used_at == at


def test_a_browser_reads_with_its_session_and_writes_with_its_roles(world, dana_client, asha_client):
    assert dana_client.get(PEOPLE).status_code == 200
    assert "learning team" in problem(asha_client.get(PEOPLE), 403)["detail"]
    refused = dana_client.post(PEOPLE, ANA, content_type="application/json")
    assert "An administrator can change people." in problem(refused, 403)["detail"]
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.adi)
    assert "CSRF" in problem(strict.post(PEOPLE, ANA, content_type="application/json"), 403)["detail"]


def test_too_many_calls_are_slowed_down(world, settings, monkeypatch):
    from lxp.people.rest import PeopleView
    from lxp.web.rest_defaults import TokenThrottle

    monkeypatch.setattr(TokenThrottle, "rate", "3/min", raising=False)
    monkeypatch.setattr(PeopleView, "throttle_classes", [TokenThrottle])
    client = world.api("people:read")
    assert [client.get(PEOPLE).status_code for _ in range(4)] == [200, 200, 200, 429]
    problem(client.get(PEOPLE), 429)


# ---------------------------------------------------------------- how errors look


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 422), (b'"x"', 422), (b"{}", 422), (b'{"email": "x", "name": "Y"}', 422)],
)
def test_a_body_that_is_no_person_is_a_problem(world, api, body, status):
    response = api.post(PEOPLE, body, content_type="application/json")
    assert ("errors" in problem(response, status)) == (status == 422)


def test_errors_are_named_by_field_from_forms_and_services_alike(world, api):
    body = problem(
        post(api, PEOPLE, {"email": "ana", "name": "", "roles": [], "team": "nowhere", "manager": "x@y.example"}), 422
    )
    assert set(body["errors"]) == {"email", "name", "roles", "team", "manager"}
    body = problem(post(api, PEOPLE, {**ANA, "zone": "Atlantis"}), 422)
    assert list(body["errors"]) == ["zone"]
    body = problem(post(api, PEOPLE, {**ANA, "attributes": {"x": [1]}}), 422)
    assert "a text of at most" in body["errors"]["attributes"][0]


def test_unknown_addresses_methods_and_types_are_problems_too(world, api):
    problem(api.get("/api/v1/nothing/"), 404)
    problem(api.delete(f"{PEOPLE}{world.asha.pk}/"), 405)
    problem(api.post(PEOPLE, "a=b", content_type="text/plain"), 415)


# ---------------------------------------------------------------- asking twice


def test_the_same_key_is_answered_again_and_done_once(world, api):
    first = post(api, PEOPLE, ANA, Idempotency_Key="k1")
    again = post(api, PEOPLE, dict(reversed(ANA.items())), Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Membership.unscoped.filter(user__email=ANA["email"]).count() == 1


def test_the_same_key_for_something_else_is_refused(world, api):
    post(api, PEOPLE, ANA, Idempotency_Key="k1")
    body = problem(post(api, PEOPLE, {**ANA, "name": "Other"}, Idempotency_Key="k1"), 422)
    assert "another request" in body["errors"]["Idempotency-Key"][0]


def test_a_refused_request_leaves_its_key_free(world, api):
    problem(post(api, PEOPLE, {**ANA, "zone": "Atlantis"}, Idempotency_Key="k1"), 422)
    assert post(api, PEOPLE, ANA, Idempotency_Key="k1").status_code == 201


def test_a_failure_of_ours_leaves_the_key_free(world, api, monkeypatch):
    api.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("lxp.people.services.create_person", lambda **_: 1 / 0)
        problem(post(api, PEOPLE, ANA, Idempotency_Key="k1"), 500)
    assert post(api, PEOPLE, ANA, Idempotency_Key="k1").status_code == 201


def test_a_request_still_running_is_not_run_beside_but_a_dead_one_is_taken_over(world, api):
    post(api, PEOPLE, ANA, Idempotency_Key="k1")
    IdempotencyRecord.unscoped.update(status=None, body=None)
    Membership.unscoped.filter(user__email=ANA["email"]).delete()
    assert "still running" in problem(post(api, PEOPLE, ANA, Idempotency_Key="k1"), 409)["detail"]
    world.at("2026-03-02 09:06")
    assert post(api, PEOPLE, ANA, Idempotency_Key="k1").status_code == 201


def test_keys_of_two_tokens_do_not_meet_and_long_ones_are_refused(world):
    assert post(world.api(), PEOPLE, ANA, Idempotency_Key="k1").status_code == 201
    other = post(
        world.api(organisation=world.harbour), PEOPLE, {**ANA, "email": "x@harbour.example"}, Idempotency_Key="k1"
    )
    assert other.status_code == 201
    problem(post(world.api(), PEOPLE, ANA, Idempotency_Key="k" * 121), 422)


# ---------------------------------------------------------------- people


def test_a_person_from_joining_to_leaving(world, api):
    with world.scope():
        people.job_role("engineer")
    given = {
        **ANA, "external_id": "HR-7", "roles": ["learner", "manager"], "team": "field-operations", "job_role": "engineer",
        "manager": "CHEN.wei@fernhill.example", "place": "Porto", "hired_on": "2026-02-01", "attributes": {"grade": "B"},
    }  # fmt: skip
    made = post(api, PEOPLE, given)
    assert made.status_code == 201
    pk = made.json()["id"]
    assert made.json() == {
        **given, "id": pk, "manager": "chen.wei@fernhill.example", "locale": "en-gb", "left_on": None, "active": True,
        "updated_at": "2026-03-02T09:00:00Z",
    }  # fmt: skip
    world.at("2026-03-03 09:00")
    changed = api.patch(f"{PEOPLE}{pk}/", {"place": "Braga", "manager": None, "team": None}, format="json").json()
    assert (changed["place"], changed["manager"], changed["team"], changed["job_role"]) == (
        "Braga",
        None,
        None,
        "engineer",
    )
    assert changed["updated_at"] == "2026-03-03T09:00:00Z"
    left = post(api, f"{PEOPLE}{pk}/deactivate/", {"left_on": "2026-03-01"}).json()
    assert (left["active"], left["left_on"]) == (False, "2026-03-01")
    assert post(api, f"{PEOPLE}{pk}/reactivate/", None).json()["active"] is True
    assert api.get(f"{PEOPLE}{pk}/").json()["left_on"] is None


def test_the_last_administrator_can_neither_leave_nor_step_down(world, api):
    path = f"{PEOPLE}{world.adi.pk}/"
    assert "last administrator" in problem(post(api, f"{path}deactivate/", {}), 422)["errors"]["roles"][0]
    problem(api.patch(path, {"roles": ["learner"]}, format="json"), 422)
    assert "administrator" in api.get(path).json()["roles"]


def test_nobody_comes_to_report_to_themselves(world, api):
    path = f"{PEOPLE}{world.chen.pk}/"
    for manager in (world.asha.email, world.chen.email):
        body = problem(api.patch(path, {"manager": manager}, format="json"), 422)
        assert "reports to them already" in body["errors"]["manager"][0]


def test_the_account_of_somebody_who_works_elsewhere_too_is_theirs(world, api):
    joined = post(api, PEOPLE, {"email": world.eve.email, "name": "Not Eve", "zone": "Asia/Tokyo"}).json()
    assert (joined["name"], joined["zone"]) == ("Eve Strand", "Europe/Oslo")
    body = problem(api.patch(f"{PEOPLE}{world.eve.pk}/", {"name": "Not Eve"}, format="json"), 422)
    assert "another organisation" in body["errors"]["name"][0]
    assert api.patch(f"{PEOPLE}{world.eve.pk}/", {"place": "Porto"}, format="json").status_code == 200


def test_lists_narrow_by_what_hr_systems_ask(world, api):
    with world.scope():
        north = people.team("North", parent=world.team)
        people.person("Ana Sol", team=north, external_id="HR-7")
        gone = people.person("Bo Left")
        Membership.objects.update(updated_at="2026-01-01T00:00Z")
        Membership.objects.filter(user=gone).update(is_active=False, updated_at=world.now)

    def names(query):
        return {row["name"].split()[0] for row in api.get(f"{PEOPLE}?{query}").json()["results"]}

    assert names("email=ANA.SOL@fernhill.example") == {"Ana"}
    assert names("external_id=HR-7") == {"Ana"}
    assert names("team=north") == {"Ana"}
    assert names("team=field-operations") == {"Ana", "Asha", "Ben", "Chen", "Dana", "Adi"}
    assert names("role=manager") == {"Chen"}
    assert names("active=false") == {"Bo"}
    assert names("updated_since=2026-03-02T10:00:00%2B01:00") == {"Bo"}
    assert names("team=nowhere") == set()
    problem(api.get(f"{PEOPLE}?role=king"), 422)
    problem(api.get(f"{PEOPLE}?updated_since=yesterday"), 422)


def test_pages_go_on_by_cursor(world, api):
    with world.scope():
        people.people(5)
    seen, path = [], f"{PEOPLE}?limit=4"
    while path:
        page = api.get(path).json()
        seen += [row["id"] for row in page["results"]]
        path = page["next"]
    assert len(seen) == len(set(seen)) == 10
    problem(api.get(f"{PEOPLE}?cursor=nonsense"), 404)
    assert len(api.get(f"{PEOPLE}?limit=100000").json()["results"]) == 10


@pytest.mark.parametrize("extra", [1, 3])
def test_the_list_costs_the_same_with_any_number_of_rows(world, api, queries, extra):
    with world.scope():
        people.people(extra, team=world.team)
    api.get(PEOPLE)
    with queries(2):
        api.get(PEOPLE)


# ---------------------------------------------------------------- teams, job roles, audiences


def test_teams_and_job_roles(world, api):
    made = post(api, "/api/v1/teams/", {"name": "North", "parent": "field-operations"})
    assert (made.status_code, made.json()) == (201, {"slug": "north", "name": "North", "parent": "field-operations"})
    assert (
        "no team"
        in problem(post(api, "/api/v1/teams/", {"name": "South", "parent": "nowhere"}), 422)["errors"]["parent"][0]
    )
    assert "slug" in problem(post(api, "/api/v1/teams/", {"name": "North"}), 422)["errors"]
    assert [row["slug"] for row in api.get("/api/v1/teams/").json()["results"]] == ["field-operations", "north"]
    assert Team.unscoped.count() == 2
    role = {"code": "team_lead", "name": "Team lead"}
    assert post(api, "/api/v1/job-roles/", role).json() == {**role, "description": ""}
    assert "code" in problem(post(api, "/api/v1/job-roles/", role), 422)["errors"]
    assert JobRole.unscoped.count() == 1


def test_audiences(world, api):
    managers = {"field": "role", "is": "manager"}
    tried = post(api, "/api/v1/audiences/preview/", {"rule": managers}).json()
    assert (tried["count"], tried["sentence"]) == (1, "Everybody whose part is manager")
    assert [row["email"] for row in tried["sample"]] == [world.chen.email]
    assert not Audience.unscoped.exists()
    made = post(api, "/api/v1/audiences/", {"name": "Managers", "rule": managers})
    assert (made.status_code, made.json()) == (201, {"slug": "managers", "name": "Managers", "rule": managers})
    members = api.get("/api/v1/audiences/managers/members/").json()["results"]
    assert [row["id"] for row in members] == [world.chen.pk]
    changed = api.patch("/api/v1/audiences/managers/", {"rule": {"all": []}}, format="json").json()
    assert (changed["name"], changed["rule"]) == ("Managers", {"all": []})
    body = problem(api.patch("/api/v1/audiences/managers/", {"rule": {"field": "team", "is": "x"}}, format="json"), 422)
    assert "There is no team “x”" in body["errors"]["rule"][0]
    assert (
        "slug"
        in problem(post(api, "/api/v1/audiences/", {"name": "N", "slug": "new", "rule": managers}), 422)["errors"]
    )
    problem(world.api(organisation=world.harbour).get("/api/v1/audiences/managers/"), 404)
    reader = world.api("audiences:read")
    assert post(reader, "/api/v1/audiences/preview/", {"rule": managers}).status_code == 200
    problem(post(reader, "/api/v1/audiences/", {"name": "X", "rule": managers}), 403)


# ---------------------------------------------------------------- the document


def test_the_document_is_valid_complete_and_without_warnings(world, capsys):
    from drf_spectacular.drainage import GENERATOR_STATS

    GENERATOR_STATS.reset()
    schema = Generator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)
            assert operation.get("summary") or operation.get("description"), (method, path)


def test_the_document_and_its_page_can_be_read_without_inline_scripts(world, client):
    response = client.get(reverse("api:schema"), headers={"accept": "application/vnd.oai.openapi+json"})
    assert response.json()["paths"]["/api/v1/people/"]["get"]["summary"]
    shown = client.get(reverse("api:docs"))
    assert shown.status_code == 200
    assert "<script>" not in shown.text


def test_the_database_driver_is_the_one_that_was_chosen():
    assert connection.Database.__name__ == "psycopg2"


def test_every_operation_stands_in_the_guide_and_the_guide_names_no_other():
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(GET|POST|PATCH|PUT|DELETE) (/api/v1/[^`]*)`", text))
    there = {
        (method.upper(), path)
        for path, operations in Generator().get_schema(request=None, public=True)["paths"].items()
        for method in operations
    }
    assert there - named == set(), "Say in docs/api.md what these do."
    assert named - there == set(), "These are gone."


def test_every_scope_opens_something_and_everything_has_a_scope():
    from lxp.api import router
    from lxp.people.services.tokens import RESOURCES

    assert {view.scope for _prefix, view, _name in router().registry} == set(RESOURCES)
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert all(f"`{resource}`" in text for resource in RESOURCES)
