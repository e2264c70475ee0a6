"""Addresses of coming in and going out. They live in the namespace `lxp`, with the pages that show everything."""

from django.urls import path

from lxp.people import account_views as views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("password/", views.AskForPassword.as_view(), name="password-reset"),
    path("password/sent/", views.PasswordAsked.as_view(), name="password-reset-sent"),
    path("password/<uidb64>/<token>/", views.ChoosePassword.as_view(), name="password-reset-confirm"),
    path("password/chosen/", views.PasswordChosen.as_view(), name="password-reset-complete"),
    path("organisation/", views.organisation, name="organisation"),
]
