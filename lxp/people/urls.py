"""Addresses under /people/."""

from django.urls import path

from lxp.people import account_views
from lxp.people.views import audiences, imports, organisation, people, settings

app_name = "people"

urlpatterns = [
    path("", people.people, name="list"),
    path("new/", people.new, name="new"),
    path("team/", people.reports, name="reports"),
    path("settings/", settings.settings, name="settings"),
    path("settings/theme/", account_views.theme, name="theme"),
    path("<int:pk>/", people.person, name="person"),
    path("<int:pk>/edit/", people.edit, name="edit"),
    path("<int:pk>/leave/", people.leave, name="leave"),
    path("<int:pk>/return/", people.back, name="return"),
    path("audiences/", audiences.audiences, name="audiences"),
    path("audiences/new/", audiences.new, name="audience-new"),
    path("audiences/reach/", audiences.reach, name="audience-reach"),
    path("audiences/<slug:slug>/", audiences.edit, name="audience"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<int:pk>/", imports.one, name="import"),
    path("imports/<int:pk>/undo/", imports.undo, name="import-undo"),
    path("organisation/", organisation.organisation, name="organisation"),
    path("organisation/holidays/", organisation.add_holiday, name="holiday-add"),
    path("organisation/holidays/<int:pk>/remove/", organisation.remove_holiday, name="holiday-remove"),
    path("organisation/structure/", organisation.structure, name="structure"),
    path("keys/", organisation.tokens, name="tokens"),
    path("keys/<slug:prefix>/revoke/", organisation.revoke_token, name="token-revoke"),
]
