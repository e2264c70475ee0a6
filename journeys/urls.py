"""Addresses of learners' journeys, under /journeys/."""

from django.urls import path

from journeys import views

app_name = "journeys"
urlpatterns = [
    path("", views.journeys, name="list"),
    path("steps/<int:assignment_id>/why/", views.why, name="why"),
    path("steps/<int:assignment_id>/remind/", views.remind, name="remind"),
    path("steps/<int:assignment_id>/remind/undo/", views.remind_undo, name="remind-undo"),
    path("enrolments/<int:enrolment_id>/progress/", views.progress, name="progress"),
    path("join/<slug:cohort>/", views.join, name="join"),
    path("<slug:slug>/", views.journey, name="journey"),
    path("<slug:slug>/leave/", views.leave, name="leave"),
]
