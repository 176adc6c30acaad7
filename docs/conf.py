"""
How Sphinx makes the reference of the library from its docstrings.

    python -m sphinx -W -b html docs build/api

Only the pages in ``api/`` are made; the others are read as they are. On each of them the
directive ``public`` puts the public names that come from certain rooms, so that a new name
is in the reference by itself.
"""

import inspect

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import whisker_sync

project = "whisker_sync"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "api/index"
include_patterns = ["api/**"]
html_theme = "furo"
html_title = "whisker_sync"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}

PAGES = {
    "workspaces": ("whisker_sync.api", "whisker_sync.node", "whisker_sync.peer.stat"),
    "documents": ("whisker_sync.document",),
    "events": ("whisker_sync.peer.events",),
    "people": ("whisker_sync.identity", "whisker_sync.peer", "whisker_sync.manuscript"),
    "errors": ("whisker_sync.errors",),
    "parts": ("",),
}
"""Each page, and the modules from which its names come; the first that fits has a name."""


def page_of(name: str) -> str:
    """The page that has a public name."""
    thing = getattr(whisker_sync, name)
    home = thing.__module__ if inspect.isclass(thing) else ""
    if name == "Event":
        home = "whisker_sync.peer.events"
    return next(page for page, rooms in PAGES.items() if home.startswith(rooms))


class Public(SphinxDirective):
    """``.. public:: PAGE``: the docstrings of all names that belong on a page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write what autodoc understands, and let it be read."""
        lines = []
        for name in whisker_sync.__all__:
            if page_of(name) == self.arguments[0]:
                kind = "class" if inspect.isclass(getattr(whisker_sync, name)) else "data"
                lines += [f".. auto{kind}:: whisker_sync.{name}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the directive."""
    app.add_directive("public", Public)
