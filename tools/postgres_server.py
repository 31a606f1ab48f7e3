"""A PostgreSQL server of our own for tests: on loopback, in a temporary folder, stopped by its process id.

    python tools/postgres_server.py         says whether one can be started here, and installs it where the system can

PostgreSQL refuses to run as root: there it runs as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

USER = "nobody"
READY = "database system is ready to accept connections"
PATIENCE_S = 30.0
ADVICE = "install PostgreSQL (Debian: apt-get install postgresql; macOS: brew install postgresql) and try again"


def program(name: str) -> str | None:
    """Where a program of PostgreSQL is: on PATH, or where Debian keeps it."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


class Server:
    """One server; `start` and `stop` as often as wanted, its data stay until `remove`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mm-postgres-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, object] = {}
        if os.getuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        initdb = program("initdb")
        assert initdb is not None, ADVICE
        command = [initdb, "-D", str(self.data), "-U", "mm", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        self._call(command)

    def _call(self, command: list[str]) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, timeout=60, check=False, **self._as)  # type: ignore[call-overload]
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')}")

    def url(self, database: str = "postgres") -> str:
        """Where it is."""
        return f"postgresql://mm@127.0.0.1:{self.port}/{database}"

    def start(self, *options: str) -> None:
        """Start it and wait until it takes connections. options: such as `fsync=off`."""
        postgres = program("postgres")
        assert postgres is not None, ADVICE
        settings = [word for option in ("max_connections=20", *options) for word in ("-c", option)]
        before = self.log.stat().st_size if self.log.exists() else 0
        command = [postgres, "-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                [*command, *settings], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as
            )
        deadline = time.monotonic() + PATIENCE_S
        while READY not in self.log.read_bytes()[before:].decode(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text(errors="replace"))
            time.sleep(0.05)

    def stop(self, *, is_crash: bool = False) -> None:
        """Stop it: in order, or as a crash does, which loses what was not on the disk."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT if is_crash else signal.SIGINT)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def remove(self) -> None:
        """Stop it and take its data away."""
        self.stop(is_crash=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> int:
    """See that a server can be had; install it where the system knows how."""
    if program("initdb") and program("postgres"):
        return 0
    if os.getuid() == 0 and shutil.which("apt-get"):
        print("PostgreSQL is not installed: apt-get install postgresql", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "install", "-y", "postgresql"]):
            subprocess.run(command, check=False, env=environment, timeout=600)
    if program("initdb") and program("postgres"):
        return 0
    print(f"PostgreSQL is not installed: {ADVICE}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
