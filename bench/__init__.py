"""What must hold, measured: `make bench`, or `make bench ONLY=sync_10k`. Method and figures: docs/performance.md.

Each benchmark is a function in a module of this package, registered by `@measures`. It runs in a process of its own,
on a fresh database of its own, and returns what it found.
"""
