"""The designers' side: what there is and who looks after it, writing, publishing, retiring."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from content import queries, services
from content.authoring_forms import Editor, editor_for
from content.forms import ManageForm
from content.hooks import usage_of
from content.kinds import KINDS, kind_of
from content.models import Attempt, ContentItem, ContentVersion
from content.player import player_of
from content.versions import compare
from lxp.people.models import Role
from lxp.web.access import role
from lxp.web.page import done, invalid, page
from lxp.web.request import MemberRequest

designers = role(Role.DESIGNER, Role.ADMINISTRATOR)


@designers
@require_GET
def manage(request: MemberRequest) -> HttpResponse:
    """All items: owner, review day, state, where they are used."""
    form = ManageForm(request.GET)
    today = timezone.localtime(request.at).date()
    filters = form.filters(request.user)
    items, after = queries.managed_items(filters, today=today)
    shown = {
        "form": form, "filters": filters, "items": items, "after": after, "today": today, "kinds": KINDS,
        "used": usage_of(item.pk for item in items), "counts": queries.managed_counts(today=today),
    }  # fmt: skip
    return page(request, "content/manage.html", shown)


@designers
@require_GET
def choose_kind(request: MemberRequest) -> HttpResponse:
    """What the new item is to be."""
    return page(request, "content/choose_kind.html", {"kinds": KINDS.values()})


@designers
@require_http_methods(["GET", "POST"])
def new(request: MemberRequest, kind: str) -> HttpResponse:
    """A new item of a kind."""
    if kind not in KINDS:
        raise Http404(_("There is no such kind of content."))
    return _author(request, kind, None, None)


@designers
@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, slug: str) -> HttpResponse:
    """An item's newest version and what stands around it."""
    item = queries.item_for(request.actor, slug, "edit")
    return _author(request, item.kind, item, queries.newest_version(item))


@designers
@require_GET
def preview(request: MemberRequest, slug: str) -> HttpResponse:
    """The newest version as learners would see it; nothing is recorded."""
    item = queries.item_for(request.actor, slug, "edit")
    version = queries.newest_version(item)
    if version is None:
        return redirect("content:edit", slug=slug)
    # An attempt that is never stored: the very templates of the player, with nothing behind their buttons.
    attempt = Attempt(pk=0, item=item, version=version, started_at=request.at, last_at=request.at)
    player = player_of(item=item, attempt=attempt, place=None, notes=[])
    return page(request, "content/preview.html", {"item": item, "player": player, "place": None, "preview": True})


@designers
@require_http_methods(["GET", "POST"])
def publish(request: MemberRequest, slug: str) -> HttpResponse:
    """What would change for learners; then the draft becomes what they get."""
    item = queries.item_for(request.actor, slug, "edit")
    draft = queries.draft_of(item)
    if draft is None:
        return done(request, "content:edit", _("Nothing has changed since the last version."), slug=slug)
    if request.method == "POST":
        services.publish_item(item=item, by=request.user, at=request.at)
        return done(
            request, "content:edit", _("Version %(n)d is what learners get now.") % {"n": draft.number}, slug=slug
        )
    return page(request, "content/publish.html", {"item": item, "draft": draft, "changes": _changes(item, draft)})


@designers
@require_POST
def retire(request: MemberRequest, slug: str) -> HttpResponse:
    """Out of the library, with undo."""
    item = queries.item_for(request.actor, slug, "edit")
    return _change(request, item, services.retire_item, _("“%(title)s” is retired."), undo="content:restore")


@designers
@require_POST
def restore(request: MemberRequest, slug: str) -> HttpResponse:
    """Back from retirement."""
    item = queries.item_for(request.actor, slug, "edit")
    return _change(request, item, services.restore_item, _("“%(title)s” is back."))


@designers
@require_POST
def discard(request: MemberRequest, slug: str) -> HttpResponse:
    """Throw the draft away; the published version stays."""
    item = queries.item_for(request.actor, slug, "edit")
    return _change(request, item, services.discard_draft, _("The draft of “%(title)s” is gone."))


# ---------------------------------------------------------------- what they share


def _author(
    request: MemberRequest, kind: str, item: ContentItem | None, version: ContentVersion | None
) -> HttpResponse:
    editor = editor_for(request, kind, item, version)
    if request.method == "GET" or editor.acts():
        return page(request, "content/edit.html", _editing(editor, version))
    if not editor.is_valid():
        return invalid(request, "content/edit.html", _editing(editor, version))
    try:
        saved = services.author_item(item=item, kind=kind, by=request.user, at=request.at, **editor.values())
    except ValidationError as error:
        editor.refuse(error)
        return invalid(request, "content/edit.html", _editing(editor, version))
    if request.POST.get("act") == "publish":
        return redirect("content:publish", slug=saved.slug)
    return done(request, "content:edit", _("The draft is kept. Learners see it when you publish it."), slug=saved.slug)


def _editing(editor: Editor, version: ContentVersion | None) -> dict[str, Any]:
    """`draft` is the unpublished version, if the newest one is; `history` the published ones."""
    item = editor.item
    draft = version if version is not None and version.published_at is None else None
    return {
        "editor": editor, "item": item, "draft": draft,
        "history": list(queries.versions_of(item)[:10]) if item else [],
        "used": usage_of([item.pk])[item.pk] if item else 0,
    }  # fmt: skip


def _changes(item: ContentItem, draft: ContentVersion) -> Any:
    kind, current = kind_of(item.kind), item.current
    if current is None:
        return None
    return compare(
        kind.outline(current.body), kind.outline(draft.body), kind.text_of(current.body), kind.text_of(draft.body)
    )


def _change(request: MemberRequest, item: ContentItem, service: Any, text: str, undo: str = "") -> HttpResponse:
    try:
        service(item=item, by=request.user, at=request.at)
    except ValidationError as error:
        return done(request, "content:edit", error.messages[0], slug=item.slug)
    back = reverse(undo, args=[item.slug]) if undo else ""
    return done(request, "content:manage", text % {"title": item.title}, undo=back)
