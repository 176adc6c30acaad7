"""
Finding out which update ended the process before this one.

What was under way at the time is suspected, and no more: somebody may have pulled the plug
or killed the process. So each suspect is merged and read once more, in a process of its
own. Guilty is what ends that one too, or keeps it busy for too long.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from whisker_sync.document import Applied, Document, Schema
from whisker_sync.errors import WhiskerError
from whisker_sync.record import Record

TRIAL_SECONDS = 20.0
"""How long one trial may take; an honest update takes milliseconds."""


def find_guilty(
    suspects: Sequence[Record],
    documents: Mapping[str, Sequence[bytes]],
    schemas: Mapping[str, Schema],
    *,
    seconds: float = TRIAL_SECONDS,
) -> list[Record]:
    """
    Return the suspects that end a process, in their order.

    ``documents`` are the updates of each document before the suspects came.
    """
    guilty: list[Record] = []
    innocent = list(suspects)
    while innocent:
        ended_by = _try_all(innocent, documents, schemas, seconds)
        if ended_by is None:
            break
        guilty.append(innocent.pop(ended_by))
    return guilty


def _try_all(
    records: Sequence[Record],
    documents: Mapping[str, Sequence[bytes]],
    schemas: Mapping[str, Schema],
    seconds: float,
) -> int | None:
    """Return which record a child did not survive; None: it survived them all."""
    needed = {record.document for record in records} & schemas.keys()
    case = (
        list(records),
        {name: list(documents.get(name, ())) for name in needed},
        {name: schemas[name] for name in needed},
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "whisker_sync.node.suspects"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    timer = threading.Timer(seconds, child.kill)
    timer.start()
    try:
        said, _ = child.communicate(pickle.dumps(case))
    finally:
        timer.cancel()
    lines = said.split()
    if child.returncode == 0 or not lines:  # without a word: it did not even come to the first
        return None
    return int(lines[-1])


def main() -> None:
    """Be the child: say the number of each record before it is tried."""
    records, documents, schemas = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent
    open_ = {
        name: Document.load(name, schema, 1, documents[name]) for name, schema in schemas.items()
    }
    for number, record in enumerate(records):
        print(number, flush=True)
        document = open_.get(record.document)
        if document is None:
            continue
        try:
            outcome = document.merge(record.update, "suspect")
            if isinstance(outcome, Applied):
                document.look(outcome.touched)
        except WhiskerError:
            pass
        if document.broken is not None:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
