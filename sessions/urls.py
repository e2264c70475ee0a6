"""Addresses of live sessions, under /live/."""

from django.urls import path

from sessions.views import design, facilitator, learner

app_name = "live"
urlpatterns = [
    path("calendar/", learner.calendar, name="calendar"),
    path("templates/", design.templates, name="templates"),
    path("templates/new/", design.template_new, name="template-new"),
    path("templates/<int:pk>/", design.template, name="template"),
    path("<uuid:uuid>/", learner.session, name="session"),
    path("<uuid:uuid>/book/", learner.book, name="book"),
    path("<uuid:uuid>/give-up/", learner.give_up, name="give-up"),
    path("<uuid:uuid>/switch/<uuid:to>/", learner.switch, name="switch"),
    path("<uuid:uuid>/session.ics", learner.ics, name="ics"),
    path("<uuid:uuid>/join/", learner.join, name="join"),
    path("<uuid:uuid>/here/", learner.here, name="here"),
    # What facilitators work with lies below one address, so that the product's map knows where they are.
    path("run/", facilitator.sessions, name="sessions"),
    path("run/<uuid:uuid>/", facilitator.run, name="run"),
    path("run/<uuid:uuid>/start/", facilitator.start, name="start"),
    path("run/<uuid:uuid>/end/", facilitator.end, name="end"),
    path("run/<uuid:uuid>/attendance/", facilitator.mark_all, name="mark-all"),
    path("run/<uuid:uuid>/attendance/<int:learner>/", facilitator.mark, name="mark"),
    path("run/<uuid:uuid>/attendance/<int:learner>/undo/", facilitator.unmark, name="unmark"),
    path("run/<uuid:uuid>/walk-in/", facilitator.walk_in, name="walk-in"),
    path("run/<uuid:uuid>/move/", facilitator.move, name="move"),
    path("run/<uuid:uuid>/cancel/", facilitator.cancel, name="cancel"),
    path("run/<uuid:uuid>/seats/", facilitator.seats, name="seats"),
    path("run/<uuid:uuid>/staff/", facilitator.staff, name="staff"),
]
