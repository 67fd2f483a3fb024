"""Write a fused model as ONNX beside its Caffe files, and prove that onnxruntime says the same.

python -m tools.export_onnx --model out/demo/model

There are two forms: float32 for the engine onnxruntime, fp16 for onnxruntime-fp16.
"""

import sys

from allinone import arguments
from allinone.errors import command


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of a fused model")
    return parser.parse_args(argv)


@command
def main(argv=None):
    """Run the command."""
    folder = parse(argv).model
    from allinone import engines  # here: where Caffe is missing, that is a sentence
    from allinone.model import DENSE, FUSED, open_model, read_about
    from tools import exporting

    for names, free_sides in ((FUSED, False), (DENSE, True)):
        if names[0] not in read_about(folder).files:
            continue
        paths, outputs = exporting.export(folder, names, free_sides)
        model = open_model(folder)
        batch = exporting.noise(model.input_size)
        reference = engines.make("caffe", model, names).run(batch, outputs)
        for engine, path in paths.items():
            print(path)
            found = engines.make(engine, model, names).run(batch, outputs)
            checked = exporting.check(engine, path, reference, found)
            for output, difference in checked.items():
                print(f"  {output:<12} largest difference from Caffe {difference:.1e}")


if __name__ == "__main__":
    sys.exit(main())
