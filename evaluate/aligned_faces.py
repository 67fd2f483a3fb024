"""What a net says of the aligned faces of a database, and of their mirrors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allinone import align, store
from allinone.backend import Backend
from allinone.checked import TOGETHER
from allinone.errors import InputError
from allinone.profiles import EYES
from allinone.progress import Progress

Outputs = dict[str, np.ndarray]


def opened(folder: str, net: Backend) -> store.Reader:
    """Return the reader of a database.

    InputError where its faces are of another size than the net's, or aligned otherwise.
    """
    manifest = store.verify(folder)
    size, eyes = manifest.get("input_size"), manifest.get("eyes", EYES)
    if eyes != net.eyes:
        raise InputError(
            f"{folder}: eye centres of aligned faces are {eyes:g} of the side apart, {net.folder} "
            f"needs {net.eyes:g}; build it with --eyes {net.eyes:g}"
        )
    if size != net.input_size:
        raise InputError(
            f"{folder}: aligned for inputs of {size} pixels, {net.folder} needs "
            f"{net.input_size}; build it for that profile"
        )
    return store.Reader(folder)


def answers(net: Backend, reader: store.Reader) -> Iterator[tuple[list, Outputs, Outputs]]:
    """Yield (Datums, what stage 2 says of their faces, of the mirrors) of some faces at a time.

    The analyzer's answer is the mean of the two.
    """
    size = net.input_size
    margin = (align.stored_size(size) - size) // 2
    progress = Progress("faces", len(reader))
    for start in range(0, len(reader), TOGETHER):
        places = range(start, min(start + TOGETHER, len(reader)))
        some = [reader.datum(place) for place in places]
        pictures = [reader.image(datum) for datum in some]
        faces = [image[margin : margin + size, margin : margin + size] for image in pictures]
        found = net(faces + [align.mirror(face) for face in faces], stage=2)
        plain = {name: values[: len(faces)] for name, values in found.items()}
        mirrored = {name: values[len(faces) :] for name, values in found.items()}
        yield some, plain, mirrored
        progress.step(len(some))
