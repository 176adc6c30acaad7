"""Tests for :mod:`whisker_sync.folder.ignore`; git itself says what is right."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from whisker_sync.folder.ignore import MAX_RULES_BYTES, Rules, is_key, parse


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def is_ignored(text: str, path: str, *, is_folder: bool = False) -> bool:
    """What the rules of one file say about one path, its folders not asked."""
    for pattern in reversed(parse(text.split("\n"), "here")):
        if pattern.matches(path.split("/"), is_folder=is_folder):
            return not pattern.negated
    return False


git = pytest.mark.skipif(
    shutil.which("git") is None or sys.platform in {"win32", "darwin"},
    reason="compares with git on a system that tells capital letters apart",
)


class Judge:
    """A repository, asked what it ignores."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not root.exists():
            subprocess.run(["git", "init", "-q", str(root)], check=True)

    def ignored(self, paths: list[str]) -> set[str]:
        done = subprocess.run(
            ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=self.root,
            input="".join(path + "\0" for path in paths).encode(),
            capture_output=True,
            check=False,
        )
        return {path for path in done.stdout.decode().split("\0") if path}


PIECES = st.sampled_from(
    ["a", "b", "ab", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[^b-c]", "[a-c]", "[]a]", "[]-a]",
     "[[:alpha:]]", "[", "\\", "\\*", "!", "#", " ", "-", "\\ ", ".", "[\\]a]", "[c-a]", "[[:x:]]"]
)  # fmt: skip
# Git takes the stars of a**/b for whole names, but not those of [a]**/b; nobody relies on it.
LINES = (
    st.lists(PIECES, min_size=1, max_size=6)
    .map("".join)
    .filter(lambda line: not re.search(r"[^/]\*\*/", line))
)
NAMES = st.sampled_from(["a", "b", "c", "ab", "ba", "abc", "*", "a b", "[", "!a", "#a", "]", "a."])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@git
@settings(
    deadline=None,
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rules=st.lists(LINES, min_size=1, max_size=4),
    nested=st.lists(LINES, max_size=2),
    paths=st.lists(PATHS, min_size=20, max_size=60, unique=True),
)
def test_rules_mean_what_git_says_they_mean(
    tmp_path: Path, rules: list[str], nested: list[str], paths: list[str]
) -> None:
    root = tmp_path / "repository"
    judge = Judge(root)
    write(root, ".gitignore", "\n".join(rules))
    write(root, "a/.gitignore", "\n".join(nested))
    expected = judge.ignored(paths)
    ours = Rules(root)
    assert {path for path in paths if ours.why_not(path, is_folder=path == "a")} == expected


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("*.log", "a/b.log", True),
        ("/a.log", "b/a.log", False),
        ("a/b", "x/a/b", False),
        ("a/**", "a", False),
        ("a/**", "a/b/c", True),
        ("**/b", "b", True),
        ("a/**/b", "a/b", True),
        ("a/**/b/**/c", "a/x/b/y/b/c", True),
        ("a**b", "axxb", True),
        ("*.log\n!keep.log", "keep.log", False),
        ("x\r", "x", True),
        ("x  ", "x", True),
        ("\\#x", "#x", True),
        ("\\!x", "!x", True),
        ("[[:digit:]]", "7", True),
        ("[", "[", False),
        ("x\\", "x", False),
    ],
)
def test_one_line(text: str, path: str, ignored: bool) -> None:
    assert is_ignored(text, path) == ignored


def test_a_slash_at_the_end_means_folders_only() -> None:
    assert is_ignored("a/", "a", is_folder=True)
    assert not is_ignored("a/", "a")


def test_no_pattern_takes_long() -> None:
    before = time.perf_counter()
    for evil in ("*a" * 40 + "b", "/".join(["**", "a"] * 40) + "/b", "a?" * 40 + "*" * 99 + "b"):
        assert not is_ignored(evil, "/".join(["a" * 200] * 5))
        assert not is_ignored(evil, "/".join(["a"] * 500))
    assert time.perf_counter() - before < 1.0


def test_later_sources_decide(tmp_path: Path) -> None:
    rules = Rules(tmp_path)
    assert rules.why_not("dist/story.html") == (
        "dist is left out, because a tool makes it (/dist/)"
    )
    write(tmp_path, ".gitignore", "*.log\n!/dist/\n")
    assert rules.why_not("dist/story.html") is None
    assert rules.why_not("a/b.log") == "line 1 of .gitignore says *.log"
    write(tmp_path, "a/.gitignore", "!b.log\n")
    assert rules.why_not("a/b.log") is None
    write(tmp_path, "whisker.toml", '[sync]\nignore = ["*.psd", "b.log"]\n')
    assert rules.why_not("a/b.log") == "line 2 of ignore in whisker.toml says b.log"
    write(tmp_path, ".whisker/ignore", "!b.log\ndraft/\n")
    assert rules.why_not("a/b.log") is None
    assert rules.why_not("draft/x.twee") == (
        "draft is left out, because line 2 of .whisker/ignore says draft/"
    )
    assert rules.why_not("x.psd") is not None


def test_only_the_user_alone_lets_in_what_looks_private(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "!.env\n")
    write(tmp_path, "whisker.toml", '[sync]\nignore = ["!.env"]\n')
    rules = Rules(tmp_path)
    assert "looks private" in str(rules.why_not(".env"))
    assert "looks private" in str(rules.why_not("deep/id_rsa"))
    write(tmp_path, ".whisker/ignore", "!.env\n")
    assert rules.why_not(".env") is None
    write(tmp_path, ".whisker/ignore", "!.env\n.env\n")
    assert rules.why_not(".env") is not None


@pytest.mark.parametrize("broken", ["[sync", "[sync]\nignore = 7\n", "[sync]\nignore = [7]\n"])
def test_nothing_new_is_taken_in_while_the_rules_cannot_be_understood(
    tmp_path: Path, broken: str
) -> None:
    rules = Rules(tmp_path)
    write(tmp_path, "whisker.toml", broken)
    assert "whisker.toml cannot be understood" in str(rules.why_not("a.twee"))
    assert rules.why_not("whisker.toml") is None, "or nobody could mend it"
    write(tmp_path, "whisker.toml", "title = 'x'\n")
    assert rules.why_not("a.twee") is None


def test_a_file_of_rules_has_a_limit(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "#" * MAX_RULES_BYTES)
    rules = Rules(tmp_path)
    assert rules.why_not("a.twee") is None
    write(tmp_path, ".gitignore", "#" * (MAX_RULES_BYTES + 1))
    assert rules.why_not("a.twee") is not None


@pytest.mark.parametrize(
    "name",
    ["a.twee~", ".#a.twee", "#a.twee#", ".a.twee.swp", "4913", "a.tmp", ".DS_Store", ".env",
     ".env.local", "id_rsa", "node_modules/x.js", ".~lock.a.odt#", "a.twee___jb_tmp___",
     "~$a.docx", ".a.twee.un~", "deep/server.pem"],
)  # fmt: skip
def test_what_editors_and_systems_leave_behind_is_left_out(tmp_path: Path, name: str) -> None:
    assert Rules(tmp_path).why_not(name)


@pytest.mark.parametrize(
    "name", ["a.twee", "style.css", ".hidden", "key.twee", "environment.tw", "a/build/x.twee"]
)
def test_what_authors_write_is_not(tmp_path: Path, name: str) -> None:
    assert Rules(tmp_path).why_not(name) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"-----BEGIN PRIVATE KEY-----\nMII", True),
        (b"\n  -----BEGIN OPENSSH PRIVATE KEY-----", True),
        (b"\xef\xbb\xbf-----BEGIN RSA PRIVATE KEY", True),
        (b"PuTTY-User-Key-File-3: ssh-ed25519", True),
        (b"-----BEGIN CERTIFICATE-----", False),
        (b":: Cave\nShe reads -----BEGIN PRIVATE KEY----- aloud.", False),
    ],
)
def test_a_private_key_is_known_by_its_head(head: bytes, expected: bool) -> None:
    assert is_key(head) == expected
