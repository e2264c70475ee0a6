"""Every tenant row belongs to an organisation, and the migrations say what the models say."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command

from lxp.tenancy import NoScope, OrgManager, OrgOwned
from tests.architecture.sources import PACKAGES

NOBODYS = {
    "lxp.Organisation": "the customer itself",
    "lxp.User": "a person, once, whatever organisations they belong to",
    "lxp.MessagingPulse": "when each periodic job last ran, for the whole installation",
}
"""Rows that belong to no organisation, and why."""

OURS = [model for model in apps.get_models() if model.__module__.split(".")[0] in PACKAGES]
TENANT = [model for model in OURS if model._meta.label not in NOBODYS]


def test_there_are_models_to_look_at():
    assert len(TENANT) > 30


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model._meta.label)
def test_a_tenant_model_is_owned_and_refuses_to_be_read_without_a_scope(model):
    assert issubclass(model, OrgOwned)
    assert isinstance(model.objects, OrgManager)
    assert model._default_manager is model.objects
    with pytest.raises(NoScope):
        model.objects.all()


def test_what_belongs_to_nobody_is_still_there():
    assert {model._meta.label for model in OURS} >= NOBODYS.keys()


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model._meta.label)
def test_what_is_unique_is_unique_within_an_organisation(model):
    """Otherwise one customer could find out what another one has, by trying to take its names."""
    for constraint in model._meta.constraints:
        fields = getattr(constraint, "fields", ())
        if not fields:
            continue
        owned = [
            name
            for name in fields
            if name == "organisation"
            or (
                model._meta.get_field(name).is_relation
                and issubclass(model._meta.get_field(name).related_model, OrgOwned)
            )
        ]
        assert owned, f"{constraint.name} on {model._meta.label} spans organisations"


@pytest.mark.django_db
def test_no_migration_is_missing():
    said = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said)
    except SystemExit:
        pytest.fail(said.getvalue())


@pytest.mark.django_db
def test_two_migrations_never_end_an_app():
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    assert MigrationLoader(connection).detect_conflicts() == {}
