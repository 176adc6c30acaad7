"""Where the user's own settings are, and how they want to be told things."""

from __future__ import annotations

from whisker_sync.node.home import likes_plain, user_home

__all__ = ["likes_plain", "user_home"]
