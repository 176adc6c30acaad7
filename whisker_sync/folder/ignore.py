r"""
What of a folder is not taken in, and which line says so.

The rules are written as in ``.gitignore`` (git-scm.com/docs/gitignore) and read from, the
later ones deciding:

1. what is built in: leftovers of editors and systems, and what tools make from other files;
2. every ``.gitignore``, those deeper in the folder after those above;
3. ``whisker.toml``, which everybody shares: ``[sync]`` with ``ignore = ["*.psd"]``;
4. ``.whisker/ignore``, for this device only.

What looks private (``.env``, keys) is decided apart: only ``.whisker/ignore`` can let it in,
because a line that a co-author wrote must never make our secrets travel. For the same reason
nothing new is taken in while a file of rules cannot be read.

The rules say what is taken in, as git's do: what is synced already stays synced.

Each pattern is matched name by name, the parts between its stars leftmost first and never
again, so that no pattern takes long, whoever wrote it.
"""

from __future__ import annotations

import re
import stat
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_RULES_BYTES = 256 * 1024
"""Bytes of a file of rules; the largest collection of templates has a tenth of it."""

RULES_NAME = ".gitignore"
SHARED_NAME = "whisker.toml"
PERSONAL_NAME = ".whisker/ignore"

LEFTOVERS = (
    "*~", ".#*", "\\#*#", "*.sw[nopx]", "4913", "*.un~", ".*.kate-swp", "*___jb_tmp___",
    "*___jb_old___", "*.vsctmp", ".~lock.*#", "~$*", "nppBackup/", ".goutputstream-*", "*.tmp",
    "*.bak", "*.part", "*.crdownload", ".DS_Store", "._*", ".Trash-*/", ".fuse_hidden*", ".nfs*",
    "[Tt]humbs.db", "[Dd]esktop.ini",
)  # fmt: skip
"""What vim, Emacs, Kate, JetBrains, VS Code, LibreOffice, Word, Notepad++, GNOME, browsers
and systems put beside files for themselves."""

MADE = (
    "node_modules/", "__pycache__/", "*.py[co]", ".venv/", ".cache/", ".parcel-cache/",
    ".sass-cache/", "/build/", "/dist/", ".idea/",
)  # fmt: skip
"""What tools make, from other files or for one machine alone."""

PRIVATE = (
    ".env", ".env.*", ".envrc", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key",
    "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx", ".netrc", ".npmrc", ".pypirc",
    ".git-credentials", ".htpasswd",
)  # fmt: skip
"""What nobody means to share."""

_KEY_HEAD = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File-|AGE-SECRET-KEY-1")
KEY_HEAD_BYTES = 1024
"""How much of the beginning of a file is searched for a private key."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of rules."""

    parts: tuple[re.Pattern[str] | None, ...]
    """What each name of a path must be; None: any number of names."""

    anchored: bool
    """It is about a path below the folder of the rules; else about the name alone."""

    folders_only: bool
    negated: bool
    """What it matches is taken in after all."""

    text: str
    where: str
    """The file and line that it stands in; empty: it is built in."""

    def matches(self, names: Sequence[str], *, is_folder: bool) -> bool:
        """Tell whether a path is meant, given relative to the folder of the rules."""
        if self.folders_only and not is_folder:
            return False
        if not self.anchored:
            return self.parts[0] is not None and self.parts[0].match(names[-1]) is not None
        return _match(self.parts, names)


def parse(lines: Iterable[str], where: str = "") -> tuple[Pattern, ...]:
    """Read patterns; lines that say nothing or cannot match anything are left out."""
    found = []
    for number, line in enumerate(lines, 1):
        pattern = _pattern(line, f"line {number} of {where}" if where else "")
        if pattern is not None:
            found.append(pattern)
    return tuple(found)


def is_key(head: bytes) -> bool:
    """Tell from the beginning of a file whether it is a private key."""
    return _KEY_HEAD.match(head[:KEY_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def let_in(name: str) -> str:
    """Say what a user does to share a file in spite of everything."""
    return f"add the line !{name} to {PERSONAL_NAME}"


class Rules:
    """The rules for one folder, read anew when their files change."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, tuple[object, tuple[Pattern, ...] | str]] = {}

    def why_not(self, path: str, *, is_folder: bool = False) -> str | None:
        """Why a path is not taken in, as the rest of "it is not synced: ..."; None: it is."""
        *folders, last = path.split("/")
        level = self.top()
        for depth, name in enumerate(folders, 1):
            if reason := level.why_not(name, is_folder=True):
                return f"{'/'.join(folders[:depth])} is left out, because {reason}"
            level = level.below(name)
        return level.why_not(last, is_folder=is_folder)

    def top(self) -> Level:
        """What concerns the files directly in the folder."""
        sources = [(self._rules(PERSONAL_NAME), 0), (self._rules(SHARED_NAME), 0)]
        return Level(self, (), sources, [(self._rules(RULES_NAME), 0)])

    def why_private(self, path: str) -> str | None:
        """Why a file must not leave this device, nor come from another; None: it may."""
        name = path.rpartition("/")[2]
        if not _IS_PRIVATE(name) or self.lets_in(path):
            return None
        return f"it looks private; if it is not, {let_in(name)}"

    def lets_in(self, path: str) -> bool:
        """Tell whether the user said, on this device, that a file is to be shared."""
        personal = self._rules(PERSONAL_NAME)
        if isinstance(personal, str):
            return False
        names = path.split("/")
        for pattern in reversed(personal):
            if pattern.matches(names, is_folder=False):
                return pattern.negated
        return False

    def nested(self, folders: Sequence[str]) -> tuple[Pattern, ...] | str:
        """The rules that stand in a folder."""
        return self._rules("/".join([*folders, RULES_NAME]))

    def _rules(self, name: str) -> tuple[Pattern, ...] | str:
        """The rules of a file; a text: why they cannot be read."""
        place = self._root / name
        try:
            status = place.lstat()
        except OSError:
            self._read.pop(name, None)
            return ()
        if not stat.S_ISREG(status.st_mode):
            return ()
        mark = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._read.get(name)
        if known is None or known[0] != mark:
            known = self._read[name] = (mark, _load(place, name, status.st_size))
        return known[1]


class Level:
    """The rules for what is directly in one folder."""

    def __init__(
        self,
        rules: Rules,
        folders: tuple[str, ...],
        above: list[tuple[tuple[Pattern, ...] | str, int]],
        nested: list[tuple[tuple[Pattern, ...] | str, int]],
    ) -> None:
        self._rules = rules
        self._folders = folders
        self._above = above
        self._nested = nested
        self._sources = [source for source in (*above, *nested) if source[0]]

    def below(self, folder: str) -> Level:
        """The rules for what is in a folder of this one."""
        folders = (*self._folders, folder)
        own = self._rules.nested(folders), len(folders)
        return Level(self._rules, folders, self._above, [own, *self._nested])

    def why_not(self, name: str, *, is_folder: bool) -> str | None:
        """Why a file or folder of this name is not taken in; None: it is."""
        names = (*self._folders, name)
        if _IS_PRIVATE(name) and (reason := self._rules.why_private("/".join(names))):
            return reason
        for source, base in self._sources:
            if isinstance(source, str):
                if names == (SHARED_NAME,) or name == RULES_NAME:
                    continue  # or nobody could mend it
                return source
            for pattern in reversed(source):
                if pattern.matches(names[base:], is_folder=is_folder):
                    return None if pattern.negated else _reason(pattern)
        if len(names) > 1 and not _IS_BUILT_IN(name):
            return None
        for pattern in reversed(_BUILT_IN):
            if pattern.matches(names, is_folder=is_folder):
                return _reason(pattern)
        return None


def _load(place: Path, name: str, size: int) -> tuple[Pattern, ...] | str:
    problem = f"{name} cannot be understood, and it may say what must not be shared"
    if size > MAX_RULES_BYTES:
        return f"{problem}: it has {size:,} bytes"
    try:
        text = place.read_bytes().decode("utf-8-sig")
        if name != SHARED_NAME:
            return parse(text.split("\n"), name)
        sync = tomllib.loads(text).get("sync", {})
        lines = sync.get("ignore", []) if isinstance(sync, dict) else None
    except (OSError, ValueError, RecursionError) as found:
        return f"{problem}: {found}"
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return f"{problem}: ignore must be a list of texts"
    return parse(lines, f"ignore in {name}")


def _reason(pattern: Pattern) -> str:
    if pattern.where:
        return f"{pattern.where} says {pattern.text}"
    if pattern in _MADE:
        return f"a tool makes it ({pattern.text})"
    return f"an editor or the system keeps it there for itself ({pattern.text})"


# Patterns.


def _pattern(line: str, where: str) -> Pattern | None:
    text = line.removesuffix("\r")
    stripped = text.rstrip(" ")
    # A backslash keeps the blank after it.
    slashes = len(stripped) - len(stripped.rstrip("\\"))
    text = stripped + " " if slashes % 2 and stripped != text else stripped
    if not text or text[0] == "#":
        return None
    negated = text[0] == "!"
    body = text[1:] if negated else text
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    anchored = "/" in body
    parts: list[re.Pattern[str] | None] = []
    for name in _split(body.removeprefix("/")):
        compiled = None if anchored and name == "**" else _compile(name)
        if compiled is None and not (anchored and name == "**"):
            return None
        parts.append(compiled)
    return Pattern(tuple(parts), anchored, folders_only, negated, text, where)


def _split(glob: str) -> list[str]:
    """Cut a pattern at its slashes; one in brackets is a character like others."""
    names, at, start = [], 0, 0
    while at < len(glob):
        slash = at + (glob[at] == "\\")
        if glob.startswith("/", slash):
            names.append(glob[start:at])
            start = at = slash + 1
        elif glob[at] == "[" and (found := _bracket(glob, at + 1)):
            at = found[1]
        else:
            at = slash + 1
    return [*names, glob[start:]]


def _compile(glob: str) -> re.Pattern[str] | None:
    """Return what a name must look like; None: it cannot be matched."""
    pieces = [""]
    at = 0
    while at < len(glob):
        character = glob[at]
        at += 1
        if character == "*":
            if pieces[-1] or len(pieces) == 1:
                pieces.append("")
        elif character == "?":
            pieces[-1] += "."
        elif character == "[":
            found = _bracket(glob, at)
            if found is None:
                return None
            expression, at = found
            pieces[-1] += expression
        elif character == "\\":
            if at == len(glob):
                return None
            pieces[-1] += re.escape(glob[at])
            at += 1
        else:
            pieces[-1] += re.escape(character)
    if not glob:
        return None
    first, *others = pieces
    last = f".*{others.pop()}" if others else ""
    middle = "".join(f"(?>.*?{piece})" for piece in others)
    try:
        return re.compile(f"{first}{middle}{last}\\Z", _FLAGS)
    except re.error:
        return None


def _bracket(glob: str, at: int) -> tuple[str, int] | None:
    """Read a set of characters after its bracket; return it and where it ends."""
    negated = glob[at : at + 1] in {"!", "^"}
    at += negated
    inside, first = "", True
    while True:
        character = glob[at : at + 1]
        if not character:
            return None
        if character == "]" and not first:
            break
        first = False
        if glob.startswith("[:", at):
            end = glob.find("]", at + 2)
            if end > at + 2 and glob[end - 1] == ":":
                known = _CLASSES.get(glob[at + 2 : end - 1])
                if known is None:
                    return None
                inside += known
                at = end + 1
                continue
        low, at = _character(glob, at)
        if low is None:
            return None
        if glob[at : at + 1] == "-" and glob[at + 1 : at + 2] not in {"", "]"}:
            high, at = _character(glob, at + 1)
            if high is None:
                return None
            if low <= high:
                inside += f"{re.escape(low)}-{re.escape(high)}"
        inside += re.escape(low)
    return f"[{'^' if negated else ''}{inside}]", at + 1


def _character(glob: str, at: int) -> tuple[str | None, int]:
    if glob[at] == "\\":
        at += 1
    return glob[at : at + 1] or None, at + 1


def _match(parts: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    """Match names one by one; of several stretches of any length only the last gives way."""
    at = part = 0
    again: tuple[int, int] | None = None
    while at < len(names):
        if part < len(parts):
            wanted = parts[part]
            if wanted is None:
                if part == len(parts) - 1:
                    return True  # whatever is left, and something is
                again = (part + 1, at)
                part += 1
                continue
            if wanted.match(names[at]):
                at, part = at + 1, part + 1
                continue
        if again is None:
            return False
        again = (again[0], again[1] + 1)
        part, at = again
    return part == len(parts)


_FLAGS = re.DOTALL | (re.IGNORECASE if sys.platform in {"win32", "darwin"} else 0)

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}

_MADE = parse(MADE)
_BUILT_IN = parse(LEFTOVERS) + _MADE
_PRIVATE = parse(PRIVATE)


def _any_of(patterns: Iterable[Pattern]) -> Callable[[str], object]:
    """Tell quickly whether a name may be meant by one of some patterns about names alone."""
    parts = [pattern.parts[0] for pattern in patterns if not pattern.anchored]
    return re.compile("|".join(part.pattern for part in parts if part), _FLAGS).match


_IS_PRIVATE = _any_of(_PRIVATE)
_IS_BUILT_IN = _any_of(_BUILT_IN)
