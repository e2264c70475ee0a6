"""Real PostgreSQL and Valkey servers for development, the demo and the tests, out of Python wheels.

Plain Python: nothing here knows Django. Never used in production, where `DATABASE_URL` and `REDIS_URL` point at servers
that somebody looks after.

* `start(var)` runs private servers with their data under `var` and stops them at the end of a `with` block.
* `running(var)` finds the servers that another process has started there; `join(var)` takes over its environment, so that
  a management command in a second shell meets the same database.
* `temporary()` runs throw-away servers for tests and measurements.
* `python -m lxp.embedded exec -- COMMAND` runs a command with servers around it.
"""

from lxp.embedded.errors import AlreadyRunning, EmbeddedError
from lxp.embedded.servers import (
    Addresses,
    Given,
    Servers,
    default_var,
    forget,
    join,
    running,
    start,
    sweep,
    temporary,
)

__all__ = [
    "Addresses",
    "AlreadyRunning",
    "EmbeddedError",
    "Given",
    "Servers",
    "default_var",
    "forget",
    "join",
    "running",
    "start",
    "sweep",
    "temporary",
]
