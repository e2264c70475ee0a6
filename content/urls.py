"""Addresses of self-paced content, under /content/."""

from django.urls import path

from content.views import authoring, library, player

app_name = "content"
urlpatterns = [
    path("", library.library, name="library"),
    path("manage/", authoring.manage, name="manage"),
    path("manage/new/", authoring.choose_kind, name="new"),
    path("manage/new/<slug:kind>/", authoring.new, name="new-kind"),
    path("manage/<slug:slug>/edit/", authoring.edit, name="edit"),
    path("manage/<slug:slug>/preview/", authoring.preview, name="preview"),
    path("manage/<slug:slug>/publish/", authoring.publish, name="publish"),
    path("manage/<slug:slug>/retire/", authoring.retire, name="retire"),
    path("manage/<slug:slug>/restore/", authoring.restore, name="restore"),
    path("manage/<slug:slug>/discard/", authoring.discard, name="discard"),
    path("media/<uuid:key>/", player.media, name="media"),
    path("attempt/<int:attempt_id>/save/", player.save, name="save"),
    path("attempt/<int:attempt_id>/answer/", player.answer, name="answer"),
    path("attempt/<int:attempt_id>/again/", player.again, name="again"),
    path("note/restore/", player.restore_note, name="note-restore"),
    path("note/<int:note_id>/delete/", player.delete_note, name="note-delete"),
    path("<slug:slug>/", player.play, name="play"),
    path("<slug:slug>/notes/", player.add_note, name="notes"),
]
