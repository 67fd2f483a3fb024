"""Write a fused model as ONNX beside its Caffe files, and prove that onnxruntime says the same.

python -m tools.export_onnx --model out/demo/model
"""

import argparse
import os
import sys

import numpy as np

from allinone import engines, files, surgery
from allinone.errors import InputError, command
from allinone.model import DENSE, FUSED, add_file, onnx_name, open_model
from tools import onnx_form

TOLERANCE = 1e-4  # largest difference between the engines


def export(folder, names, free_sides):
    """Write the ONNX form of a net of a model; return its path and its final blobs."""
    model = open_model(folder)
    definition, weights = surgery.read_net(model.path(names[0])), model.path(names[1])
    collected = surgery.by_name(definition, surgery.read_weights(weights), weights)
    parameters = surgery.one_of_each(collected, weights)
    outputs = onnx_form.final_blobs(definition)
    form = onnx_form.convert(definition, parameters, outputs, free_sides)
    path = os.path.join(folder, onnx_name(names[1]))
    with files.replacing(path, "wb") as stream:
        stream.write(form.SerializeToString())
    add_file(folder, os.path.basename(path))
    return path, outputs


def differences(folder, names, outputs):
    """Return {output: largest difference of onnxruntime from Caffe on random pictures}."""
    model = open_model(folder)
    side = model.input_size
    batch = np.random.default_rng(0).normal(size=(3, 3, side, side)).astype(np.float32)
    ours = engines.make("onnxruntime", model, names).run(batch, outputs)
    caffes = engines.make("caffe", model, names).run(batch, outputs)
    found = {}
    for output, values in caffes.items():
        found[output] = float(np.abs(values - ours[output].reshape(values.shape)).max())
    return found


@command
def main(argv=None):
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of a fused model")
    args = parser.parse_args(argv)
    for names, free_sides in ((FUSED, False), (DENSE, True)):
        if not open_model(args.model).has(names[0]):
            continue
        path, outputs = export(args.model, names, free_sides)
        print(path)
        for output, difference in differences(args.model, names, outputs).items():
            print(f"  {output:<12} largest difference from Caffe {difference:.1e}")
            if not difference <= TOLERANCE:
                raise InputError(
                    f"{path}: differs from Caffe by {difference:.1e} at {output}, more than "
                    f"{TOLERANCE:g}; do not use it"
                )


if __name__ == "__main__":
    sys.exit(main())
