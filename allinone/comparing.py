"""Options of commands that compare people: model, engine, and who is the same person."""

from __future__ import annotations

from allinone import arguments, engines, gallery


def add_options(add) -> None:
    """Add the options; add: add_argument of a parser."""
    add(
        "--threshold",
        type=arguments.Real(least=-1, most=1),
        help="least cosine of the same person; default: the model's own, or "
        f"{gallery.THRESHOLD:g} where nobody has measured it",
    )
    add("--tpe", action="store_true", help="compare by the embedding tpe.h5 in the model's folder")
    add(
        "--model",
        type=arguments.name,
        help="folder of the fused model; default as in allinone analyze",
    )
    add("--engine", choices=engines.ENGINES, help="default: the fastest that is installed")
    add("--gpu", default="", help="GPU number; empty: CPU")
