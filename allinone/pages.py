"""Pages that are made of Jinja2's templates."""

from __future__ import annotations

import os
from typing import Any

import jinja2

from allinone.closure import ROOT


def render(template: str, **values: Any) -> str:
    """Return the page of a template with values, which are escaped: none of them is markup.

    template: path, from the kit's root. jinja2.UndefinedError where it needs a value that is not
    given.
    """
    folder, name = os.path.split(os.path.join(ROOT, template))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(**values)
