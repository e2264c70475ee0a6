"""One command that runs the whole platform on one machine: `python -m lxp.supervisor`, or `make run`.

Starts the embedded servers (or uses those that `DATABASE_URL` and `REDIS_URL` name), prepares the database and the static
files, then keeps four processes alive until Ctrl-C: pages, event stream, worker and beat. For development and the demo; a
production site runs the same four under its own service manager.

Plain Python without Django, so that it can explain itself when Django cannot start.
"""
