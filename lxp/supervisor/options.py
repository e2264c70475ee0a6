"""What the person at the terminal chose, by environment variables."""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lxp.supervisor.errors import CannotRun

ANY_ADDRESS = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Options:
    """Where to listen and where to keep things. `HOST`, `PORT` and `STREAM_PORT`, else this machine alone on 8000/8001."""

    var: Path
    host: str
    port: int
    stream_port: int

    @classmethod
    def read(cls, environment: Mapping[str, str], var: Path) -> "Options":
        """Raises CannotRun for a port that is none."""
        port = _port(environment, "PORT", 8000)
        stream_port = _port(environment, "STREAM_PORT", port + 1)
        if port == stream_port:
            raise CannotRun(f"PORT and STREAM_PORT are both {port}: give the event stream a port of its own.")
        return cls(var, environment.get("HOST") or "127.0.0.1", port, stream_port)

    @property
    def address(self) -> str:
        """What to type into a browser on this machine."""
        return f"http://{self._name}:{self.port}"

    @property
    def stream_address(self) -> str:
        """Where a browser that came by `address` finds the event stream."""
        return f"http://{self._name}:{self.stream_port}"

    @property
    def probe_host(self) -> str:
        """The address by which we reach ourselves."""
        return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def _name(self) -> str:
        if self.host in (*ANY_ADDRESS, "127.0.0.1", "::1"):
            return "localhost"
        return f"[{self.host}]" if ":" in self.host else self.host

    def check_ports(self) -> None:
        """Raises CannotRun, with the command that helps, when somebody else has one of the ports."""
        for variable, port, use in (
            ("PORT", self.port, "the pages"),
            ("STREAM_PORT", self.stream_port, "the event stream"),
        ):
            problem = self._problem(port)
            if problem is None:
                continue
            if problem == errno.EADDRINUSE:
                raise CannotRun(f"Port {port} for {use} is taken. Try: {variable}={self._free_port(port)} make run")
            if problem == errno.EACCES:
                raise CannotRun(
                    f"Port {port} for {use} needs special rights. Try: {variable}={self._free_port(8000)} make run"
                )
            raise CannotRun(f"HOST={self.host} is no address of this machine ({os.strerror(problem)}).")

    def _problem(self, port: int) -> int | None:
        """Why we could not listen on `port`, as an error number; None when we could."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a closing port is free
            try:
                probe.bind((self.host, port))
            except socket.gaierror:
                return errno.EADDRNOTAVAIL
            except OSError as error:
                return error.errno or errno.EADDRNOTAVAIL
        return None

    def _free_port(self, near: int) -> int:
        """A port to suggest: free, and the next one, too, for the stream."""
        candidates = range(near + 1, min(near + 200, 65535))
        return next((port for port in candidates if not self._problem(port) and not self._problem(port + 1)), 0)


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotRun(f"{variable} must be a port number from 1 to 65535, not {text!r}.")
    return int(text)
