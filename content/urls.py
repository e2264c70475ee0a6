"""Addresses of self-paced content, under /content/."""

from django.urls import path

from content.views import library, player

app_name = "content"
urlpatterns = [
    path("", library.library, name="library"),
    path("media/<uuid:key>/", player.media, name="media"),
    path("attempt/<int:attempt_id>/save/", player.save, name="save"),
    path("attempt/<int:attempt_id>/answer/", player.answer, name="answer"),
    path("attempt/<int:attempt_id>/again/", player.again, name="again"),
    path("note/restore/", player.restore_note, name="note-restore"),
    path("note/<int:note_id>/delete/", player.delete_note, name="note-delete"),
    path("<slug:slug>/", player.play, name="play"),
    path("<slug:slug>/notes/", player.add_note, name="notes"),
]
