"""How often somebody may try: counted in the cache per e-mail and address, forgotten after a quarter of an hour.

The cache may be gone; then nobody is held up, and the password hash remains the brake.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

WINDOW = 15 * 60
"""Seconds from the first failure until all is forgotten."""


@dataclass(frozen=True)
class Gate:
    """Allows `tries` failures per window for one `name` of door (sign-in, reset)."""

    name: str
    tries: int

    def minutes_to_wait(self, *who: str, at: datetime) -> int:
        """Whole minutes until the next try may be made; 0: now."""
        key = self._key(who)
        if (cache.get(key) or 0) < self.tries:
            return 0
        until = cache.get(f"{key}:until")
        return max(1, math.ceil((until - at.timestamp()) / 60)) if until else 0

    def count(self, *who: str, at: datetime) -> None:
        """One more failure. The window begins with the first one and is not prolonged by later ones."""
        key = self._key(who)
        if cache.add(key, 0, WINDOW):
            cache.set(f"{key}:until", at.timestamp() + WINDOW, WINDOW)
        try:
            cache.incr(key)
        except ValueError:  # it ran out between the two calls
            cache.set(key, 1, WINDOW)

    def forget(self, *who: str) -> None:
        """Somebody got in: what went before no longer counts."""
        key = self._key(who)
        cache.delete_many([key, f"{key}:until"])

    def _key(self, who: tuple[str, ...]) -> str:
        digest = hashlib.sha256("\n".join(part.strip().casefold() for part in who).encode()).hexdigest()
        return f"gate:{self.name}:{digest[:40]}"
