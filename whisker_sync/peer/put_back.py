"""
A journal that was put back to what a backup says, which only others can tell.

They hold what was told in this life of the journal and is not in it any more. Then the files may
hold it, too, and whoever takes them in as news writes it a second time. As long as nobody was
told, that is forgotten (*withdrawn*), and the files are compared once more when we know all that
the others know. Some of that may be what was just forgotten: a copy of this disk has it, too, or a
relay. Then it comes back like anything else. What a program wrote is in no file, and is written
anew instead.

A process that met nobody and the next one are one to whoever is met later. So where the first of
them began is durable together with the first thing that it took in, however it ends, and is taken
out of the journal when somebody is met. Until that is durable, nobody is told a position of the
journal behind it: so nobody is ever suspected who told others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from whisker_sync.manuscript.schema import STORY
from whisker_sync.manuscript.shadow import PREFIX as SHADOW
from whisker_sync.peer import events
from whisker_sync.peer.anew import Anew
from whisker_sync.peer.effects import Effect, Tell
from whisker_sync.peer.library import Library
from whisker_sync.peer.rewrite import ALL, CUT, WITHDRAWN, fact_of
from whisker_sync.sync.session import Session
from whisker_sync.wire.messages import Hello

RESTORED = "restored"
"""Fact of a journal that is older than the files: it was put back to what a backup said."""

UNNOTICED = b"others said so"
"""What this fact holds until the next start, if only others could tell."""

ALONE = "alone"
"""What the facts begin with that say where those began who met nobody: life, position, program."""

_SHADOW = f"{ALONE}/"
"""The same, for each shadow that they changed: what it was before; empty: there was none."""


class PutBack:
    """See the module; ``files``: the story is shown as files."""

    def __init__(self, library: Library, anew: Anew, *, files: bool) -> None:
        self.withdrawing = False
        """What we took in from files is theirs already: say no more, a new process follows."""

        self._library = library
        self._anew = anew
        self._files = files
        self._began_at = library.head  # or where those began before us who met nobody, either
        self._shadows_then: dict[str, bytes | None] = dict(library.facts_below(SHADOW))
        self._noted: set[str] = set()  # the shadows of which the journal says what they were then
        self._met = False  # somebody greeted this process
        self._by_program = False  # the story was edited by a program, too
        self._recall()

    @property
    def alone(self) -> bool:
        """The journal says where those began who met nobody."""
        return ALONE in self._library.facts

    def note_program(self, document: str) -> None:
        """What a program wrote is in no file: it must never go without being written anew."""
        if document != STORY:
            return
        self._by_program = True
        if self.withdrawing and (cut := self._library.facts.get(WITHDRAWN + STORY)):
            self._library.remember(WITHDRAWN + STORY, None)
            self._library.remember(CUT + STORY, cut)

    def greeted(self, session: Session) -> Iterator[Effect]:
        """Somebody said hello: see by it whether our journal was put back."""
        assert session.theirs is not None
        if self._is_older(session.ours, session.theirs):
            yield from self._begin(session.theirs)
        self._met = True
        self._forget()

    def tell_by_hand(self) -> None:
        """All that is in the journal is about to be carried to others."""
        self._forget()
        self._began_at = self._library.head
        self._shadows_then = dict(self._library.facts_below(SHADOW))

    def note(self) -> None:
        """Have the batch that is written next say where we began, if we met nobody."""
        library = self._library
        if self._met or not self._files:
            return
        for name in library.unwritten_facts(SHADOW):
            if name not in self._noted:
                self._noted.add(name)
                then = self._shadows_then.get(name)
                library.remember(_SHADOW + name, then or b"", soon=False)
        if library.head != self._began_at:
            alone = [library.incarnation.hex(), self._began_at, self._by_program]
            library.remember(ALONE, json.dumps(alone).encode(), soon=False)

    def _recall(self) -> None:
        library = self._library
        try:
            life, began_at, by_program = json.loads(library.facts.get(ALONE, b"null"))
            is_ours = life == library.incarnation.hex() and 0 <= began_at <= library.head
        except (ValueError, TypeError):
            is_ours = False  # there is none, or it is damaged
        if is_ours:
            self._began_at, self._by_program = began_at, bool(by_program)
            for name, shadow in library.facts_below(_SHADOW).items():
                self._shadows_then[name.removeprefix(_SHADOW)] = shadow or None
                self._noted.add(name.removeprefix(_SHADOW))
            return
        for name in self._facts():
            library.remember(name, None, soon=False)

    def _forget(self) -> None:
        """Take out of the journal where we began; tell no later position until that is durable."""
        library = self._library
        if self.alone:
            for name in self._facts():
                library.remember(name, None)
            library.withhold(self._began_at, library.due)
        self._shadows_then = {}
        self._noted.clear()

    def _facts(self) -> list[str]:
        facts = self._library.facts
        return [name for name in facts if name == ALONE or name.startswith(_SHADOW)]

    def _is_older(self, ours: Hello, theirs: Hello) -> bool:
        """Whether they hold what was told in this life of our journal and is not here any more."""
        told = self._library.head if self._met else self._began_at
        known = self._library.facts.get(RESTORED) == UNNOTICED
        return theirs.cursor_of == ours.incarnation and theirs.cursor > told and not known

    def _begin(self, theirs: Hello) -> Iterator[Effect]:
        """Begin anew as a journal that was put back, without what nobody was told."""
        library = self._library
        yield Tell(
            events.Trouble(
                f"the journal is older than what {theirs.name or 'another device'} has from it "
                "(a restored backup?); what is missing comes back from the others"
            )
        )
        library.remember(RESTORED, UNNOTICED)
        if self._files and not self._met and not self._by_program:
            self.withdrawing = True
            shadows = dict.fromkeys(library.facts_below(SHADOW)) | self._shadows_then
            for name, shadow in shadows.items():
                library.remember(name, shadow)
            clients = library.clients_since(self._began_at, STORY)
            library.remember(WITHDRAWN + STORY, fact_of([(each, *ALL) for each in clients]))
        self._anew.after(library.due)
