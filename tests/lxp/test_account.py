"""Coming in, going out, a new password, where one is."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from lxp.people.models import Membership, User
from tests.factories.people import PASSWORD

SIGN_IN = reverse("lxp:sign-in")


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(SIGN_IN, {"username": email, "password": password, **more})


def test_the_right_password_opens_the_start_page(world):
    client = Client()
    assert client.get(SIGN_IN).status_code == 200
    response = sign_in(client, "ASHA.raman@Fernhill.example")
    assert (response.status_code, response["Location"]) == (302, reverse("lxp:home"))
    assert client.get(reverse("people:settings")).status_code == 200
    assert client.get(SIGN_IN).status_code == 302  # already in


@pytest.mark.parametrize("email", ["asha.raman@fernhill.example", "nobody@fernhill.example"])
def test_a_wrong_password_and_nobody_get_the_same_answer(world, email):
    response = sign_in(Client(), email, "wrong")
    assert response.status_code == 422
    assert "don’t fit together" in response.text
    assert email in response.text  # what was typed is kept


def test_somebody_who_was_closed_out_stays_out(world):
    User.objects.filter(pk=world.asha.pk).update(is_active=False)
    assert sign_in(Client(), world.asha.email).status_code == 422


def test_ten_wrong_tries_have_to_wait_and_the_eleventh_is_not_even_looked_at(world):
    client = Client()
    for _ in range(10):
        assert sign_in(client, world.asha.email, "wrong").status_code == 422
    blocked = sign_in(client, world.asha.email)  # the right password, too late
    assert blocked.status_code == 429
    assert "Wait 15 minutes" in blocked.text
    assert sign_in(client, world.ben.email).status_code == 302  # others come in from the same address
    world.at("2026-03-02 09:10")
    assert "Wait 5 minutes" in sign_in(Client(), world.asha.email).text


def test_success_forgets_earlier_failures(world):
    for _ in range(9):
        sign_in(Client(), world.asha.email, "wrong")
    assert sign_in(Client(), world.asha.email).status_code == 302
    for _ in range(9):
        assert sign_in(Client(), world.asha.email, "wrong").status_code == 422


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/people/settings/", "/people/settings/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_next_leads_only_within_the_site(world, wanted, to):
    response = sign_in(Client(), world.asha.email, next=wanted)
    assert response["Location"] == to


def test_a_signed_out_visitor_is_asked_in_and_brought_back(world):
    response = Client().get(reverse("people:settings"))
    assert response["Location"] == f"{SIGN_IN}?next=/people/settings/"
    assert 'name="next" value="/people/settings/"' in Client().get(response["Location"]).text


def test_signing_out_needs_a_post_and_ends_the_session(world, asha_client):
    assert asha_client.get(reverse("lxp:sign-out")).status_code == 405
    assert asha_client.post(reverse("lxp:sign-out")).status_code == 302
    assert asha_client.get(reverse("people:settings")).status_code == 302


def test_the_demonstration_offers_its_people_only_where_it_is_switched_on(world, settings):
    assert "Come in" not in Client().get(SIGN_IN).text
    settings.DEMO = True
    shown = Client().get(SIGN_IN).text
    assert "Come in as" in shown
    assert "asha@fernhill.example" in shown


# ---------------------------------------------------------------- passwords


def link_in(message):
    return re.search(r"http://testserver(/password/\S+)", message.body).group(1)


def test_a_new_password_by_mail(world):
    client = Client()
    asked = client.post(reverse("lxp:password-reset"), {"email": "Asha.Raman@fernhill.example"}, HTTP_HOST="testserver")
    assert asked["Location"] == reverse("lxp:password-reset-sent")
    (message,) = mail.outbox
    assert message.to == [world.asha.email]
    assert [kind for _body, kind in message.alternatives] == ["text/html"]
    opened = client.get(link_in(message), follow=True)
    assert "Choose your new password" in opened.text
    form = opened.redirect_chain[-1][0]
    weak = client.post(form, {"new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 422
    chosen = client.post(
        form, {"new_password1": "a walk by the river", "new_password2": "a walk by the river"}, follow=True
    )
    assert "Your new password works" in chosen.text
    assert sign_in(Client(), world.asha.email, "a walk by the river").status_code == 302
    assert "This link is used up" in client.get(link_in(message), follow=True).text


def test_nobody_learns_who_has_an_account(world):
    response = Client().post(reverse("lxp:password-reset"), {"email": "nobody@fernhill.example"})
    assert response["Location"] == reverse("lxp:password-reset-sent")
    assert mail.outbox == []


def test_somebody_new_gets_their_first_password_the_same_way(world):
    world.asha.set_unusable_password()
    world.asha.save()
    Client().post(reverse("lxp:password-reset"), {"email": world.asha.email})
    assert len(mail.outbox) == 1


def test_mails_for_one_address_are_limited(world):
    for _ in range(7):
        Client().post(reverse("lxp:password-reset"), {"email": world.asha.email})
    assert len(mail.outbox) == 5


def test_the_mail_comes_in_the_readers_language_and_never_from_a_forged_host(world, settings):
    settings.ALLOWED_HOSTS = ["*"]
    world.asha.locale = "ar"
    world.asha.save()
    Client(headers={"host": "evil.example"}).post(reverse("lxp:password-reset"), {"email": world.asha.email})
    (message,) = mail.outbox
    assert "evil.example" not in message.body + message.alternatives[0][0]
    assert 'dir="rtl"' in message.alternatives[0][0]


# ---------------------------------------------------------------- where one is


def test_the_theme_is_kept_for_the_person(world, asha_client):
    response = asha_client.post(
        reverse("people:theme"), {"theme": "dark"}, headers={"referer": "http://testserver/people/settings/"}
    )
    assert response["Location"] == "http://testserver/people/settings/"
    assert 'data-theme="dark"' in asha_client.get(reverse("people:settings")).text
    assert asha_client.post(reverse("people:theme"), {"theme": "pink"}).status_code == 400


def test_changing_the_organisation(world, eve_client):
    with world.scope():
        Membership.objects.create(user=world.eve, roles=["learner"])
    assert "Harbour Logistics" in eve_client.get(reverse("people:settings")).text
    response = eve_client.post(reverse("lxp:organisation"), {"organisation": world.fernhill.pk}, follow=True)
    assert "– Fernhill</title>" in response.text
    assert eve_client.get(reverse("people:list")).status_code == 403  # only a learner there


def test_nobody_gets_into_an_organisation_they_do_not_belong_to(world, asha_client):
    for wanted in (world.harbour.pk, "", "x", "999999"):
        assert asha_client.post(reverse("lxp:organisation"), {"organisation": wanted}).status_code == 404


def test_somebody_without_an_organisation_is_told_so(world, asha_client):
    Membership.unscoped.filter(user=world.asha).update(is_active=False)
    response = asha_client.get(reverse("people:settings"))
    assert response.status_code == 403
    assert "belong to an organisation any more" in response.text
