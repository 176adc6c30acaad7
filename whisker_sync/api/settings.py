"""Who the user is and what a workspace is set to, as it stands in files."""

from __future__ import annotations

from whisker_sync.node.home import user_home
from whisker_sync.node.settings import (
    Config,
    Local,
    User,
    check_relay,
    clean_name,
    join_again,
    join_workspace,
    load_config,
    load_local,
    load_papers,
    load_user,
    make_workspace,
    must_be_free_to_join,
    name_device,
    parse_address,
    save_local,
    save_plain,
)

__all__ = [
    "Config",
    "Local",
    "User",
    "check_relay",
    "clean_name",
    "join_again",
    "join_workspace",
    "load_config",
    "load_local",
    "load_papers",
    "load_user",
    "make_workspace",
    "must_be_free_to_join",
    "name_device",
    "parse_address",
    "save_local",
    "save_plain",
    "user_home",
]
