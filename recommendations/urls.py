"""Addresses under /insights/."""

from django.urls import path

from recommendations.views import journeys, people, suggestions

app_name = "insights"
urlpatterns = [
    path("", journeys.overview, name="overview"),
    path("journeys/<slug:slug>/", journeys.journey, name="journey"),
    path("team/", people.team, name="team"),
    path("people/<int:pk>/accept/", people.accept, name="accept"),
    path("people/<int:pk>/leave/", people.leave, name="leave"),
    path("people/<int:pk>/undo/", people.undo, name="undo"),
    path("enrolments/<int:pk>/nudge/", people.nudge, name="nudge"),
    path("enrolments/<int:pk>/nudge/undo/", people.nudge_undo, name="nudge-undo"),
    path("skills/", suggestions.skills, name="skills"),
    path("suggestions/<int:pk>/", suggestions.why, name="why"),
    path("suggestions/<int:pk>/dismiss/", suggestions.dismiss, name="dismiss"),
    path("suggestions/<int:pk>/known/", suggestions.known, name="known"),
    path("suggestions/<int:pk>/restore/", suggestions.restore, name="restore"),
]
