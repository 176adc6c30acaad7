"""
The root of the tree.
"""

from __future__ import annotations


class WhiskerError(Exception):
    """Root of everything that whisker_sync raises on purpose."""
