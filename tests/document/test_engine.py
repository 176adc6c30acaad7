"""Tests of :mod:`whisker_sync.document.engine`, and of what it knows of pycrdt's edges."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from whisker_sync.document.engine import Engine, guarded
from whisker_sync.document.schema import Kind
from whisker_sync.errors import EngineFailure


def empty() -> Doc[Any]:
    return Doc()


def test_the_engine_counts_texts_in_bytes_of_utf_8() -> None:
    text = empty().get("t", type=Text)
    text.insert(0, "é")
    text.insert(2, "!")

    assert (len(text), str(text)) == (3, "é!")


def test_a_panic_is_no_exception_and_becomes_ours() -> None:
    text = empty().get("t", type=Text)
    with pytest.raises(BaseException, match=r".") as raw:
        del text[3:9]
    with pytest.raises(EngineFailure, match="trying"), guarded("trying"):
        del text[3:9]

    assert not isinstance(raw.value, Exception)


def test_a_transaction_joins_one_that_is_open() -> None:
    doc, heard = empty(), []
    doc.observe(lambda event: heard.append(event.update))
    text = doc.get("t", type=Text)
    with doc.transaction(origin="a"):
        text.insert(0, "a")
        with doc.transaction(origin="a"):
            text.insert(1, "b")

    assert len(heard) == 1


def test_integers_come_back_as_floats_from_the_engine_and_as_integers_from_ours() -> None:
    numbers = empty().get("m", type=Map)
    numbers["a"] = 3
    engine = Engine(1)
    engine.write("us", [lambda: engine.root("m", Kind.MAP).__setitem__("a", 3)])

    assert type(numbers["a"]) is float
    assert type(engine.value("m", "a")) is int


def test_a_document_that_is_observed_stays_and_ours_goes_when_nobody_needs_it() -> None:
    observed = empty()
    observed.observe(lambda _: None)
    engine = Engine(1)
    kept, ours = weakref.ref(observed), weakref.ref(engine)
    watched = weakref.ref(engine.root("t", Kind.TEXT).doc)
    del observed, engine
    gc.collect()

    assert kept() is not None
    assert ours() is None
    assert watched() is None
