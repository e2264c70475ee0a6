"""What can go wrong with the embedded servers. Every message says what to do about it."""


class EmbeddedError(Exception):
    """An embedded server cannot be found, started or stopped."""


class AlreadyRunning(EmbeddedError):
    """Another living process owns the servers of this folder.

    `pid` is that process, or None when it could not be read.
    """

    def __init__(self, pid: int | None, message: str) -> None:
        super().__init__(message)
        self.pid = pid
