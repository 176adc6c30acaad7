"""How much of the author's folder we take in, and for how long we remember."""

from __future__ import annotations

from whisker_sync.chunks import MAX_BYTES

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Largest text file; the largest Twee file seen in public is 0.8 MB."""

MAX_ASSET_BYTES = MAX_BYTES
"""Largest binary file."""

MAX_FILES = 20_000
"""Files of one story; the largest story seen in public has 960."""

RENAME_SECONDS = 60.0
"""A file that went and comes back under another name within this time was renamed."""

MOVE_SECONDS = 600.0
"""A passage that was cut and is pasted elsewhere within this time, or before, was moved."""

UNSEEN_SECONDS = 60.0
"""What we wrote into a file this short a time before it was removed, its author did not see."""

PATIENCE_SECONDS = 2.0
"""A save waits so long for the answer to a write of the same file; then it goes ahead."""

MAX_REMEMBERED = 1_000
"""Files that went lately, passages cut and pasted: so many of each, newest kept."""

MAX_NAMESAKES = 32
"""Passages of one name of which a new one may be a copy, newest first."""

MAX_SEARCHES = 100
"""New passages of one batch whose words are looked for in all files: who has them made a copy."""

MAX_COMMON = 4_000
"""Client ids in a document beyond which new passages are not imprints: each takes two more."""

MAX_PAIRS = 20_000
"""Pairs of texts compared word by word when looking for one that was renamed or moved."""

MAX_FLIGHTS = 8
"""Writes of one path whose answers we remember to expect; more are not asked for at a time."""

MAX_VERSIONS = 12
"""Versions of a file that an editor may still have open: the last own save, and ours since."""

MAX_VERSION_BYTES = 1024 * 1024
"""Characters that older versions of one file take, besides what the newest one has, too."""

MAX_LIMBO = 64 * 1024
"""Characters of passages on their way from file to file that the journal keeps, newest first."""
