"""
What users edit by hand: settings in TOML.
"""

from __future__ import annotations

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.target import Broken, Place, Target, Verdict
from whisker_sync.errors import BadSettings
from whisker_sync.identity.link import is_title, title_of
from whisker_sync.node import settings
from whisker_sync.store.layout import Layout

_TOML_WORDS = (
    *(b"[", b"]", b"[[", b"]]", b"{", b"}", b'"', b'"""', b"'''", b"=", b" = ", b"\n", b"\r", b","),
    *(b"#", b".", b"id", b"title", b"format", b"port", b"peers", b"joining", b"a = [", b"[[[[["),
    *(b"true", b"false", b"nan", b"-inf", b"0x", b"1_0", b"1e9", b"1979-05-27T07:32:00Z", b"24:00"),
    *(b"2020-02-30", b"9" * 30, b"9" * 5000, b"-", b"+1", b"\\u0000", b"\\ud800", b"\\U00110000"),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"a.b.c", b"{a=1}", b"192.0.2.7:4711", b":", b"[::1]:80"),
    *(b"\\", b"\\\n", b"'", "é".encode(), b"name:" + b"1" * 5000, "h:\u0663".encode(), b"65536"),
)

_CONFIGS = (
    b'format = 1\nid = "000102030405060708090a0b0c0d0e0f"\ntitle = "The Cave"\n',
    b'# mine\nid = "00 01 02 03 04 05 06 07 08090a0b0c0d0e0f" # more\ntitle = """\nA\\\n B"""\n',
    b'id = "000102030405060708090a0b0c0d0e0f"\n',
    b"",
)
_LOCALS = (
    b'port = 4711\npeers = ["192.0.2.7:4711", "[fe80::1%eth0]:4711"]\njoining = false\n',
    b'port = 0\npeers = []\njoining = true\n# mine\n[other]\nkey = { a = [1, 2.5, "x"] }\n',
    b'peers = [\n  "name:1", # one\n  "::1:80",\n]\n',
    b"",
)


class Config(Target):
    """:func:`whisker_sync.node.settings.load_config`."""

    def __init__(self) -> None:
        self._place = Place()
        self._layout = Layout.make(self._place.path / "story")
        super().__init__([*_CONFIGS, *kept("config").values()], _TOML_WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """It says who the workspace is, so that others can be invited to it."""
        self._layout.config.write_bytes(data)
        try:
            config = settings.load_config(self._layout)
        except BadSettings as problem:
            str(problem)
            return Verdict.REFUSED
        if len(config.workspace) != 16 or not isinstance(config.title, str):
            raise Broken("an id or a title that is none")
        config.title.encode()
        if not is_title(title_of(config.title)):
            raise Broken("a title that nobody can be invited to")
        return Verdict.ACCEPTED

    def close(self) -> None:
        """Take the workspace away."""
        self._place.close()


class Local(Target):
    """
    :func:`whisker_sync.node.settings.load_local`.

    What was loaded can be saved into the same file, among the user's own lines.
    """

    def __init__(self) -> None:
        self._place = Place()
        self._layout = Layout.make(self._place.path / "story")
        self._path = self._layout.local / "local.toml"
        super().__init__([*_LOCALS, *kept("local").values()], _TOML_WORDS)

    def judge(self, case: int, data: bytes) -> Verdict:
        """What was loaded can be saved, and says the same then."""
        self._path.write_bytes(data)
        try:
            local = settings.load_local(self._layout)
        except BadSettings as problem:
            str(problem)
            return Verdict.REFUSED
        if type(local.port) is not int or type(local.joining) is not bool:
            raise Broken(f"a port that is none: {local.port!r}")
        try:
            settings.save_local(self._layout, local)
        except BadSettings:
            if self._path.read_bytes() != data:
                raise Broken("what cannot be saved was changed") from None
            return Verdict.REFUSED
        if settings.load_local(self._layout) != local:
            raise Broken("it says something else when it was saved again")
        return Verdict.ACCEPTED

    def close(self) -> None:
        """Take the workspace away."""
        self._place.close()
