"""Write a fused model as ONNX, and compare what onnxruntime says with Caffe, or with OpenCV.

    allinone export --out onnx                        # the model that comes with the kit
    allinone export --model out/demo/model            # beside its Caffe files

There are two forms, float32 and fp16. The kit itself needs neither: the engines onnxruntime and
onnxruntime-fp16 make them when a model is opened.
"""

from allinone import arguments, checked, engines, exporting, folders
from allinone.errors import InputError, command
from allinone.model import NETS, Model, open_model


def parse(argv):
    """Return the command's arguments."""
    parser = arguments.Parser(prog="allinone export", description=__doc__.splitlines()[0])
    add, name = parser.add_argument, arguments.name
    add("--model", type=name, help="folder of a fused model; default as in allinone analyze")
    add("--out", type=name, help="folder for the files; default: the folder of --model")
    args = parser.parse_args(argv)
    if not (args.model or args.out):
        raise InputError("name the folder of a fused model with --model, or a folder with --out")
    return args


def reference() -> str:
    """Return the engine that is compared with: Caffe, or OpenCV where there is no Caffe."""
    try:
        import allinone.pycaffe  # noqa: F401
    except InputError:
        return engines.OPENCV
    return engines.CAFFE


def compare(model: Model, names: tuple[str, str], paths: dict[str, str]) -> None:
    """Print how far the engines of some files are from the reference."""
    net, _ = checked.open_net(model, names)
    batch, outputs, by = exporting.noise(net.shape[1]), net.outputs(), reference()
    expected = engines.make(by, model, names).run(batch, outputs)
    for engine, path in paths.items():
        print(path)
        found = engines.make(engine, model, names).run(batch, outputs)
        for output, difference in exporting.check(engine, path, expected, found).items():
            print(f"  {output:<12} largest difference from {by} {difference:.1e}")


@command
def main(argv=None):
    """Run the command."""
    args = parse(argv)
    model = open_model(args.model)
    if args.out:
        folders.claim(args.out, exporting.KIND)
    for names in NETS:
        if not model.has(names[0]):
            continue
        paths = exporting.export(model, names, args.out)
        if engines.onnxruntime_providers():
            compare(model, names, paths)
        else:
            print(*paths.values(), sep="\n")
            print("  not compared: there is no onnxruntime here")
