"""Accounts for servers that refuse to run as root."""

from __future__ import annotations

import os

__all__ = ["choose_account", "group_of"]


def choose_account(*preferred: str) -> str | None:
    """Return the first of the accounts that this machine has; ``None`` for whoever is not root.

    Every machine has ``nobody``, which comes last.
    """
    if getattr(os, "geteuid", lambda: 1)() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in (*preferred, "nobody") if name in known), None)


def group_of(account: str) -> int:
    """Return the id of the group that an account belongs to, which may have another name."""
    import pwd

    return pwd.getpwnam(account).pw_gid
