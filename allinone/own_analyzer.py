"""Work that goes to several processes, each of which opens an analyzer of its own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Optional

from allinone.analyzer import FaceAnalyzer
from allinone.errors import InputError
from allinone.model import open_model

Models = list[dict[str, str]]  # {file: sha256} of the model of each stage


def models_of(analyzer: FaceAnalyzer) -> Models:
    """Return the files of an analyzer's models."""
    return [one.model.about.files for one in (analyzer.backend, analyzer.describer)]


def models_in(folder: str) -> Models:
    """Return the files of the model in a folder, as of an analyzer that has no other."""
    return [open_model(folder).about.files] * 2


@dataclass
class OwnAnalyzer:
    """Something that is sent to a process, and has an analyzer there."""

    arguments: dict[str, Any]  # of FaceAnalyzer, by name
    models: Optional[Models] = None  # those that are meant, None: whichever there are

    @functools.cached_property
    def analyzer(self) -> FaceAnalyzer:
        """Return the analyzer, opened when it is first asked for.

        InputError where it cannot be, or where a machine has another model in its folder.
        """
        analyzer = FaceAnalyzer(**self.arguments)
        if self.models is not None and models_of(analyzer) != self.models:
            raise InputError(
                f"{analyzer.backend.folder}: on the machine of a worker it is another model than "
                "where the command was started; put the same one there"
            )
        return analyzer

    def __getstate__(self) -> dict[str, Any]:
        """Return what is sent: all but the analyzer."""
        return {name: value for name, value in vars(self).items() if name != "analyzer"}
