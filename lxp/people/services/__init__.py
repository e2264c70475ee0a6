"""Changes to people and their organisation: one function per change, by noun."""

from lxp.people.services.audiences import create_audience, update_audience
from lxp.people.services.importing import apply_import, import_people, preview, start_import, undo_import
from lxp.people.services.organisation import (
    add_holiday,
    create_job_role,
    create_team,
    remove_holiday,
    update_organisation,
    update_team,
)
from lxp.people.services.people import (
    create_person,
    deactivate_person,
    reactivate_person,
    set_manager,
    set_roles,
    update_person,
)
from lxp.people.services.settings import set_theme, update_settings
from lxp.people.services.tokens import issue_token, revoke_token

__all__ = [
    "add_holiday",
    "apply_import",
    "create_audience",
    "create_job_role",
    "create_person",
    "create_team",
    "deactivate_person",
    "import_people",
    "issue_token",
    "preview",
    "reactivate_person",
    "remove_holiday",
    "revoke_token",
    "set_manager",
    "set_roles",
    "set_theme",
    "start_import",
    "undo_import",
    "update_audience",
    "update_organisation",
    "update_person",
    "update_settings",
    "update_team",
]
