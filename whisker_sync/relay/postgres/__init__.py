"""
Mailboxes in PostgreSQL: for several workers and several machines behind one name.

Positions are given out under the lock of the mailbox's row, and that lock is held until
the COMMIT: so they become visible in order and without gaps. (A sequence would not do:
what was drawn first may be committed last, and a reader in between never sees it.)

Each part has a module::

    store.py        the store, call by call
    appending.py    many entries in one transaction
    listening.py    whoever waits for a mailbox is woken, whatever worker appended
    forgetting.py   what is old goes
    rows.py         what is done with the row of a mailbox, within a transaction
    database.py     connections, and what it means if one breaks
    tables.py       the tables
"""

from whisker_sync.relay.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
