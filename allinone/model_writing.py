"""A model's folder written: model.json, a file more, the score that it is used with."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import msgspec

from allinone import files, folders
from allinone.model import ABOUT, FORMAT, NETS, PROVENANCE, TPE, About, read_about
from allinone.profiles import EYES


def portable(value: Any) -> Any:
    """Return JSON data in which files that are named from the root of the disk have no folders.

    Those in the working directory are named from there. A model goes to others, whom it does not
    concern where somebody keeps data; hashes stand beside.
    """
    if isinstance(value, dict):
        return {name: portable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [portable(one) for one in value]
    if not (isinstance(value, str) and os.path.isabs(value)):
        return value
    here = os.getcwd() + os.sep
    return value[len(here) :] if value.startswith(here) else os.path.basename(value.rstrip(os.sep))


def write_history(path: str, history: dict[str, Any]) -> None:
    """Write provenance.json: where a model comes from, for people."""
    files.write_json(path, portable(history))


def write_about(folder: str, about: About) -> None:
    """Write model.json; what is usual is left out."""
    if about.eyes == EYES:
        about.eyes = EYES  # msgspec leaves out the default object itself, no other of its value
    told = portable(msgspec.to_builtins(about))
    text = msgspec.json.format(msgspec.json.encode(told), indent=1)
    with files.replacing(os.path.join(folder, ABOUT), "wb") as stream:
        stream.write(text + b"\n")


def describe(
    folder: str, profile: str, input_size: int, stages: dict[str, dict], **more: Any
) -> None:
    """Write model.json for the nets, weights and history in a folder.

    The rest as in `About`; more: eyes, score, score_from, scores, scores_from and calibration,
    where it has any.
    """
    about = About(
        format=FORMAT,
        profile=profile,
        input_size=input_size,
        stages=stages,
        files={},
        **more,
    )
    describe_again(folder, about)


def describe_again(folder: str, about: About) -> None:
    """Write model.json with the hashes of what stands in a folder now, the rest as `about` has."""
    names = [name for net in NETS for name in net] + [TPE, PROVENANCE]
    there = [name for name in names if os.path.isfile(os.path.join(folder, name))]
    digests = {name: files.sha256(os.path.join(folder, name)) for name in there}
    write_about(folder, msgspec.structs.replace(about, files=digests))


@contextlib.contextmanager
def replacing_file(folder: str, name: str) -> Iterator[str]:
    """Make a file that becomes a part of a model when the block ends well; yield where to write it.

    The model stays whole at any moment: from the one before to the new one it is without the file.
    """
    made, path = (os.path.join(folder, one) for one in (f"{name}.new", name))
    try:
        yield made
        with folders.only_one(folder):
            about, digest = read_about(folder), files.sha256(made)
            if about.files.pop(name, None):
                write_about(folder, about)
            os.replace(made, path)
            about.files[name] = digest
            write_about(folder, about)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(made)


def set_score(folder: str, score: float, proposals: str = "", **found_by: Any) -> None:
    """Set the least detection score that a model reports, and how it was found.

    proposals: the way to propose regions that it is for; "": all that have none of their own.
    """
    with folders.only_one(folder):
        about = read_about(folder)
        if proposals:
            about.scores[proposals], about.scores_from[proposals] = score, found_by
        else:
            about.score, about.score_from = score, found_by
        write_about(folder, about)


def forget_scores(folder: str) -> None:
    """Forget the scores of single ways to propose regions, whose nets are others now."""
    with folders.only_one(folder):
        about = read_about(folder)
        about.scores, about.scores_from = {}, {}
        write_about(folder, about)
