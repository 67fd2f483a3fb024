"""Write a drawn set as a dataset is distributed, to try its reader without a download.

A writer, write_<set> of the two modules, takes the faces of a drawn set, the folder of their
pictures and the folder to write. It writes what the reader of the same name reads, in the formats
and units of the original.
"""

import os

from allinone import record
from data_prep import benchmark_layouts, conversion, reader, training_layouts
from data_prep.layout_files import write_text

WRITERS = {
    name: getattr(module, f"write_{name}")
    for module in (training_layouts, benchmark_layouts)
    for name in reader.names()
    if hasattr(module, f"write_{name}")
}
SCENES = ("aflw", "afw", "pascal", "fddb")  # sets of whole pictures; the others are portraits


def kind_of(name):
    """Return the kind of pictures, for data_prep.drawing, that a set consists of."""
    return "scenes" if name in SCENES else "portraits"


def write(name, drawn, out):
    """Write the drawn set in the folder `drawn` as the dataset `name` into the folder `out`."""
    records = record.read(os.path.join(drawn, "records.jsonl"))
    WRITERS[name]([face for face in records if face.box is not None], drawn, out)
    write_text(
        os.path.join(out, conversion.DRAWN),
        "These faces were drawn by data_prep.synthetic and written in the layout of "
        f"'{name}'. They are not that set.\n",
    )
