"""Write a fused model as ONNX, and compare what onnxruntime says with Caffe.

python -m tools.export_onnx is `allinone export` (allinone.commands.export) in a checkout.
"""

import sys

from allinone.commands.export import main

if __name__ == "__main__":
    sys.exit(main())
