"""A PostgreSQL server of our own, in a folder of its own, that ends with the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


class Cluster:
    """A server that listens on a Unix socket only."""

    def __init__(self, binaries: Path, folder: Path, prefix: list[str]) -> None:
        self._binaries = binaries
        self._folder = folder
        self._prefix = prefix

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self._folder}"

    def make(self) -> None:
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "postgres", "--no-sync")

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses='' -c max_connections=60"
        self._run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is as if its power had failed."""
        self._run("pg_ctl", "-D", "data", "-m", mode, "-w", "stop")

    def sql(self, statement: str) -> str:
        return self._run("psql", "-qAt", "-h", str(self._folder), "-U", "postgres", "-c", statement)

    def end(self) -> None:
        """Stop it, if it runs, and leave nothing behind."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [*self._prefix, str(self._binaries / program), *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def new_cluster() -> Cluster:
    """A server that runs; skips the test, with the reason, where there can be none."""
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not installed here")
    prefix: list[str] = []
    # A short path: a Unix socket's may have a hundred letters.
    folder = Path(tempfile.mkdtemp(prefix="whisker-pg-"))
    if os.name == "posix" and os.geteuid() == 0:  # which PostgreSQL does not run as
        import pwd

        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]
    cluster = Cluster(found, folder, prefix)
    cluster.make()
    cluster.start()
    return cluster


def binaries() -> Path | None:
    """Where the newest server is: Debian does not have it in the path."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    places = sorted(debian, key=lambda path: float(path.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    needed = ("initdb", "pg_ctl", "psql")
    return next((at for at in places if all((at / name).exists() for name in needed)), None)
