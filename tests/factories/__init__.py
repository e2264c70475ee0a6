"""Rows for tests, by plain functions: `factories.content.item()`. All but organisations need an open scope.

Every argument has a sensible value; give the ones the test is about. They write rows and nothing else: what a
service would record or plan besides is not there.
"""

import itertools

from lxp import clock

_numbers = itertools.count(1)


def number() -> int:
    """A number that no other row of this run has."""
    return next(_numbers)


def now():
    """The moment on the (moved) clock."""
    return clock.now()
