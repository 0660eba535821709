"""The generator: the `fastnfurious` command, which renders new services.

It needs the extra ``generator``: ``pip install 'fastnfurious[generator]'``.

Example:
    >>> from fastnfurious_generator import Template
    >>> Template.bundled().question("kind").choices
    ('http', 'nats')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious_generator.addition import add_integrations as add_integrations
    from fastnfurious_generator.rendering import render as render
    from fastnfurious_generator.template import Question as Question
    from fastnfurious_generator.template import Template as Template
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "Question": "fastnfurious_generator.template",
            "Template": "fastnfurious_generator.template",
            "add_integrations": "fastnfurious_generator.addition",
            "render": "fastnfurious_generator.rendering",
        },
    )
