"""Which code a benchmark ran, and the seeds that follow from it.

A detector tuned on a benchmark's worlds says nothing. So the seeds of the worlds are drawn from a hash of the commit:
whoever changes the code gets other worlds, and nobody knows them before the code is fixed. A run keeps to one state of
the code; figures of two states are never mixed.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import msgspec

from stillwatch import __version__


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """The code that runs: its commit, whether the package is as committed, and a digest of its files."""

    version: str
    commit: str | None
    clean: bool
    digest: str

    @property
    def name(self) -> str:
        """What the seeds are drawn from: the commit where the package is as committed, else the digest of its files."""
        return self.commit if self.commit and self.clean else self.digest

    @property
    def words(self) -> str:
        """The same for people."""
        if self.commit is None:
            return f"version {self.version}, files {self.digest[:12]} (no commit)"
        return f"commit {self.commit[:12]}" + ("" if self.clean else f" with changes, files {self.digest[:12]}")


def present_code(package: Path) -> Code:
    """The state of the package in the folder ``package``."""
    # a git that answers for a folder around an installed package knows nothing of the package
    known = _git(package, "ls-files", "--error-unmatch", "__init__.py") is not None
    commit = _git(package, "rev-parse", "HEAD") if known else None
    changes = _git(package, "status", "--porcelain", "--", ".") if known else None
    return Code(version=__version__, commit=commit, clean=changes == "", digest=digest(package))


def digest(package: Path) -> str:
    """SHA-256 over the names and contents of the package's files, byte code left out."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.relative_to(package).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def seed_of(code: Code, scenario: str, number: int, use: str) -> int:
    """The seed of world ``number`` of a scenario; ``use`` tells the world itself from its reference."""
    text = f"{code.name}:{scenario}:{number}:{use}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(folder), *words],  # noqa: S607 - the git of the path
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
