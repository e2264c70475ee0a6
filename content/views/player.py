"""The player: open, save, answer, begin again, note. Learners only ever touch their own attempts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from content import queries, services, serving
from content.forms import NoteForm, SaveForm
from content.hooks import PlayerContext, player_context
from content.kinds import kind_of
from content.models import Attempt, ContentItem, ItemState
from content.player import play_url, player_of
from lxp.web.access import member
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest

DELETED_NOTE = "deleted_note"


@member
@require_GET
def play(request: MemberRequest, slug: str) -> HttpResponse:
    """An item, at the place where the learner left it; opening it the first time begins an attempt."""
    item = queries.item_for(request.actor, slug)
    if item.current is None:
        return redirect("content:preview", slug=item.slug)
    place, registration = _place(request, item)
    attempt = _attempt(request, item, place, registration)
    return page(request, "content/player.html", _shown(request, item, attempt, place))


@member
@require_POST
def save(request: MemberRequest, attempt_id: int) -> HttpResponse:
    """What the player kept since its last save, as JSON; answers with what the server holds now."""
    attempt = queries.attempt_of(request.actor, attempt_id)
    form = SaveForm.from_json(request.body)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    saved = services.save_progress(attempt=attempt, at=request.at, **form.cleaned_data)
    now = saved.attempt
    return JsonResponse(
        {
            "revision": now.revision, "state": now.state, "progress": now.progress, "score": now.score,
            "seconds": now.seconds, "position": now.position, "stale": saved.stale, "finished": saved.finished,
        }
    )  # fmt: skip


@member
@require_POST
def answer(request: MemberRequest, attempt_id: int) -> HttpResponse:
    """The plain forms: answers to a quiz, ticks of a checklist, "I've read this"."""
    attempt = queries.attempt_of(request.actor, attempt_id)
    submission = kind_of(attempt.item.kind).submission(request.POST, attempt.version.body)
    if not submission.answers and not submission.evidence:
        shown = _again(request, attempt) | {"problem": _("Choose an answer first.")}
        return invalid(request, "content/player.html", shown)
    saved = services.save_progress(
        attempt=attempt, answers=submission.answers, evidence=submission.evidence, at=request.at
    )
    if request.htmx:
        return page(request, "content/player.html", _again(request, saved.attempt))
    anchor = f"#question-{request.POST['check']}" if request.POST.get("check") and not saved.finished else "#activity"
    return redirect(play_url(attempt.item, attempt.registration) + anchor)


@member
@require_POST
def again(request: MemberRequest, attempt_id: int) -> HttpResponse:
    """A new go after one that is over."""
    attempt = queries.attempt_of(request.actor, attempt_id)
    try:
        services.start_again(attempt=attempt, at=request.at)
    except ValidationError as error:
        return invalid(request, "content/player.html", _again(request, attempt) | {"problem": error.messages[0]})
    return done(request, play_url(attempt.item, attempt.registration))


@member
@require_safe
def media(request: MemberRequest, key: UUID) -> HttpResponseBase:
    """A file of an item, whole or in part."""
    return serving.send(request, queries.media_for(request.actor, key))


# ---------------------------------------------------------------- notes


@member
@require_POST
def add_note(request: MemberRequest, slug: str) -> HttpResponse:
    """A private note on an item."""
    item = queries.item_for(request.actor, slug)
    form = NoteForm(request.POST)
    if form.is_valid():
        services.add_note(learner=request.user, item=item, at=request.at, **form.cleaned_data)
        form = NoteForm()
    if request.htmx:
        shown = {"item": item, "notes": queries.notes_of(request.user, item), "note_form": form}
        return page(request, "content/_notes.html", shown, status=422 if form.errors else 200)
    if form.errors:
        return done(request, f"{_back(request, item)}#notes", _("The note was empty, so nothing was kept."))
    return done(request, f"{_back(request, item)}#notes", _("Your note is kept. Only you can see it."))


@member
@require_POST
def delete_note(request: MemberRequest, note_id: int) -> HttpResponse:
    """Remove a note; its text waits in the browser session until the next one is removed, for the undo."""
    note = queries.note_of(request.actor, note_id)
    request.session[DELETED_NOTE] = {"item": note.item_id, "text": note.text, "at_second": note.at_second}
    services.delete_note(note=note)
    return done(
        request, f"{_back(request, note.item)}#notes", _("The note is gone."), undo=reverse("content:note-restore")
    )


@member
@require_POST
def restore_note(request: MemberRequest) -> HttpResponse:
    """Undo of the last removal."""
    kept = request.session.pop(DELETED_NOTE, None)
    if not kept:
        raise Http404(_("There is no note to bring back."))
    item = queries.item_for(request.actor, int(kept["item"]))
    services.add_note(learner=request.user, item=item, text=kept["text"], at_second=kept["at_second"], at=request.at)
    return done(request, f"{_back(request, item)}#notes", _("Your note is back."))


# ---------------------------------------------------------------- what they share


def _place(request: MemberRequest, item: ContentItem) -> tuple[PlayerContext | None, UUID | None]:
    """Where the address says the item stands (`?r=<registration>`), as far as that is the learner's own enrolment."""
    given = request.GET.get("r") or request.POST.get("r")
    if not given:
        return None, None
    try:
        registration = UUID(given)
    except ValueError:
        raise Http404(_("There is no such enrolment.")) from None
    place = player_context(registration, item)
    if place is None or place.learner_id != request.user.pk:
        raise Http404(_("There is no such enrolment of yours."))
    if place.state == "planned":
        raise PermissionDenied(_("This step isn't open yet. Your journey says when it opens."))
    return place, registration


def _attempt(
    request: MemberRequest, item: ContentItem, place: PlayerContext | None, registration: UUID | None
) -> Attempt:
    known = queries.attempt_for(request.user, item, registration)
    if known is not None:
        return known
    if item.state != ItemState.PUBLISHED and place is None:
        raise Http404(_("This was retired. Look for a newer one in the library."))
    pinned = queries.version_of(item, place.version_id) if place and place.version_id else item.current
    return services.start_attempt(
        learner=request.user, item=item, version=pinned, registration=registration,
        complete=place.complete if place else None, at=request.at,
    )  # fmt: skip


def _shown(request: MemberRequest, item: ContentItem, attempt: Attempt, place: PlayerContext | None) -> dict[str, Any]:
    notes = queries.notes_of(request.user, item)
    player = player_of(item=item, attempt=attempt, place=place, notes=notes)
    return {"player": player, "item": item, "notes": notes, "note_form": NoteForm(), "problem": ""}


def _again(request: MemberRequest, attempt: Attempt) -> dict[str, Any]:
    """The same page after a form was sent to it."""
    item = queries.item_for(request.actor, attempt.item_id)
    place = player_context(attempt.registration, item) if attempt.registration else None
    return _shown(request, item, attempt, place)


def _back(request: MemberRequest, item: ContentItem) -> str:
    given = request.POST.get("r", "")
    try:
        return play_url(item, UUID(given) if given else None)
    except ValueError:
        return play_url(item)
