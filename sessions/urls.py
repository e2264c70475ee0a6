"""Addresses of live sessions, under /live/."""

from django.urls import path

app_name = "live"
urlpatterns: list = []
