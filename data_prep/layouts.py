"""Write a drawn set as other datasets are distributed, so that their readers can be tried without a download.

Each writer, write_<set> of the two modules, takes the faces of a drawn set, the folder of its pictures, and the folder of the
new set, and writes what the reader of the same name in this package reads, in the original's formats and units.
"""

import os

from allinone import record
from data_prep import benchmark_layouts, reader, training_layouts
from data_prep.layout_files import write_text

WRITERS = {
    name: getattr(module, f"write_{name}")
    for module in (training_layouts, benchmark_layouts)
    for name in reader.names()
    if hasattr(module, f"write_{name}")
}
DRAWN = "drawn_set.txt"  # in the folder of a set that is drawn: whoever measures on it says so


def write(name, drawn, out):
    """Write the drawn set in the folder `drawn` as the dataset `name`, into the folder `out`, with the file DRAWN."""
    faces = [
        face for face in record.read(os.path.join(drawn, "records.jsonl")) if face.box is not None
    ]
    WRITERS[name](faces, drawn, out)
    write_text(
        os.path.join(out, DRAWN),
        f"These faces were drawn by data_prep.synthetic and written in the layout of '{name}'. They are not that set.\n",
    )
