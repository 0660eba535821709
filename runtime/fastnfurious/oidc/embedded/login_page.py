"""The login page of the issuer in the process: a name and roles, and no password."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["login_page"]

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Development login</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit; }}
input, button {{ padding: .5rem; margin: .25rem 0 1rem; }}
.note {{ color: #666; }}
</style>
<h1>Development login</h1>
<p class="note">{client} asks who you are. Be whom you like: this issuer exists in development and
in tests alone.</p>
<form method="post">
{hidden}
<label for="user">User</label>
<input id="user" name="user" value="alice" required autofocus>
<label for="roles">Roles, separated by commas</label>
<input id="roles" name="roles" value="admin">
<button>Log in</button>
</form>
</html>
"""


def login_page(client: str, asked: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        client: Id of the client that sent the person here.
        asked: What it asked for, to be sent along with the form.
    """
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    return _PAGE.format(client=escape(client), hidden=hidden)
