"""Changes to live sessions, one public function each: keyword-only, `by` who does it, `at` when (aware UTC)."""

from sessions.services.attendance import (
    clear_attendance,
    end_session,
    set_attendance,
    set_attendance_of_all,
    settle_due,
)
from sessions.services.booking import (
    BookedMany,
    add_walk_in,
    book,
    book_many,
    cancel_booking,
    change_capacity,
    release_many,
    release_person,
    switch_booking,
)
from sessions.services.messages import announce_cancellation, announce_move, announce_release, sync_messages
from sessions.services.presence import heartbeat, join
from sessions.services.scheduling import (
    cancel_session,
    change_session,
    reschedule_session,
    schedule_session,
    set_facilitators,
    start_session,
)
from sessions.services.templates import Block, create_template, update_template

__all__ = [
    "Block",
    "BookedMany",
    "add_walk_in",
    "announce_cancellation",
    "announce_move",
    "announce_release",
    "book",
    "book_many",
    "cancel_booking",
    "cancel_session",
    "change_capacity",
    "change_session",
    "clear_attendance",
    "create_template",
    "end_session",
    "heartbeat",
    "join",
    "release_many",
    "release_person",
    "reschedule_session",
    "schedule_session",
    "set_attendance",
    "set_attendance_of_all",
    "set_facilitators",
    "settle_due",
    "start_session",
    "switch_booking",
    "sync_messages",
    "update_template",
]
