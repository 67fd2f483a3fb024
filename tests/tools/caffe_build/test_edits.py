"""The changes to Caffe's source, on a made source with just what they look for."""

import pytest

from allinone.errors import InputError
from tools.caffe_build import cudnn, edits

MADE = {
    "src/caffe/common.cpp": """
void print(Properties prop) {
  LOG(INFO) << "Name: " << prop.name;
  LOG(INFO) << "Clock: " << prop.clockRate;
  LOG(INFO) << "Overlap: "
      << (prop.deviceOverlap ? "Yes" : "No");
  LOG(INFO) << "Timeout: "
      << (prop.kernelExecTimeoutEnabled ? "Yes" : "No");
  LOG(INFO) << "Processors: " << prop.multiProcessorCount;
}
""",
    "src/caffe/util/io.cpp": "stream->SetTotalBytesLimit(most, 1000);\n",
    "src/caffe/internal_thread.cpp": """
  int device = 0;
  CUDA_CHECK(cudaGetDevice(&device));
  Caffe::Brew mode = Caffe::mode();
void entry(int device, Caffe::Brew mode) {
  CUDA_CHECK(cudaSetDevice(device));
}
""",
    "src/caffe/util/math_functions.cu": "#include <math_functions.h>  // old\n#include <cmath>\n",
    "python/caffe/_caffe.cpp": """
  PyObject* py_uid = PyBytes_FromString(uid.c_str());
BOOST_PYTHON_MODULE(_caffe) {
  first();
  import_array1();
}
""",
    "python/caffe/io.py": """
text = arr.tostring()
array = np.fromstring(datum.data, dtype=np.uint8).reshape(1, 2)
image = imread(name, as_grey=not color)
""",
}
OTHERS = ("Pooling", "LRN", "ReLU", "Sigmoid", "Softmax", "TanH")
CONVOLUTION = """
    if (!use_dilation) {
      engine = ConvolutionParameter_Engine_CUDNN;
    }
#endif
  } else if (engine == ConvolutionParameter_Engine_CUDNN) {
"""
MADE_FOR_CUDNN = {
    cudnn.FACTORY: 2 * CONVOLUTION
    + "".join(f"    engine = {name}Parameter_Engine_CUDNN;\n#endif\n" for name in OTHERS),
    "include/caffe/util/cudnn.hpp": """
inline const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
  }
  return "Unknown cudnn status";
}
namespace cudnn {
  CUDNN_CHECK(cudnnSetConvolution2dDescriptor(*conv,
      pad_h, pad_w, stride_h, stride_w, 1, 1, CUDNN_CROSS_CORRELATION,
      dataType<Dtype>::type));

}  // namespace cudnn
""",
}
CALLS = """
  ConvolutionLayer<Dtype>::Reshape(bottom, top);
  CHECK(cudnnGetConvolutionForwardAlgorithm(handle, x, w, conv, y,
    CUDNN_CONVOLUTION_FWD_SPECIFY_WORKSPACE_LIMIT, limit, &forward));
  CHECK(cudnnGetConvolutionBackwardFilterAlgorithm(handle, x, y, conv, w,
    CUDNN_CONVOLUTION_BWD_FILTER_SPECIFY_WORKSPACE_LIMIT, limit, &filter));
  CHECK(cudnnGetConvolutionBackwardDataAlgorithm(handle, w, y, conv, x,
    CUDNN_CONVOLUTION_BWD_DATA_SPECIFY_WORKSPACE_LIMIT, limit, &data));
"""


@pytest.fixture
def made(tmp_path):
    """A folder with the made source."""
    calls = dict.fromkeys(cudnn.LAYERS, CALLS)
    classes = dict.fromkeys(cudnn.CLASSES, "  cudnnTensorDescriptor_t  bias_desc_;\n};\n")
    for name, text in {**MADE, **MADE_FOR_CUDNN, **calls, **classes}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_every_change_is_made_and_nothing_else(made):
    edits.apply(edits.EDITS, made)
    text = (made / "src/caffe/common.cpp").read_text()
    for gone in ("clockRate", "deviceOverlap", "kernelExecTimeoutEnabled", "Overlap", "Timeout"):
        assert gone not in text
    assert "prop.name;" in text and "prop.multiProcessorCount;" in text
    assert (made / "src/caffe/util/io.cpp").read_text() == "stream->SetTotalBytesLimit(most);\n"
    thread = (made / "src/caffe/internal_thread.cpp").read_text()
    assert "if (Caffe::mode() == Caffe::GPU) CUDA_CHECK(cudaGetDevice(&device));" in thread
    assert "if (mode == Caffe::GPU) CUDA_CHECK(cudaSetDevice(device));" in thread
    assert (made / "src/caffe/util/math_functions.cu").read_text() == "#include <cmath>\n"
    module = (made / "python/caffe/_caffe.cpp").read_text()
    assert module.index("import_array1();") < module.index("first();")
    assert "PyBytes_FromStringAndSize(uid.data(), uid.size());" in module
    python = (made / "python/caffe/io.py").read_text()
    assert "arr.tobytes()" in python and "as_gray=not color" in python
    assert "np.frombuffer(datum.data, dtype=np.uint8).copy().reshape(1, 2)" in python
    assert (made / cudnn.LAYERS[0]).read_text() == CALLS


def test_the_changes_for_cudnn(made):
    edits.apply(cudnn.EDITS, made)
    for name in cudnn.LAYERS:
        text = (made / name).read_text()
        assert "SPECIFY_WORKSPACE_LIMIT" not in text and "cudnnGetConvolution" not in text
        assert "cudnn::chooseForward(handle, x, w, conv, y," in text
        assert "cudnn::chooseBackwardFilter(handle, x, y, conv, w," in text
        assert "cudnn::chooseBackwardData(handle, w, y, conv, x," in text
        assert text.count("limit, &") == 3
        known = text.index("if (bottom[0]->shape() == planned_for_)")
        assert text.index("Reshape(bottom, top);") < known < text.index("chooseForward")
    for name in cudnn.CLASSES:
        assert "  vector<int> planned_for_;\n};" in (made / name).read_text()
    factory = (made / cudnn.FACTORY).read_text()
    on_gpu = "engine = Caffe::mode() == Caffe::GPU ? ConvolutionParameter_Engine_CUDNN :"
    assert factory.count(on_gpu) == 2 and factory.count("_CUDNN") == 4
    for name in OTHERS:
        assert f"engine = {name}Parameter_Engine_CAFFE;" in factory
    header = (made / cudnn.HEADER).read_text()
    assert "cudnnGetErrorString" not in header and "CUDNN_FMA_MATH" in header
    end = header.index("}  // namespace cudnn")
    for name in ("Forward", "BackwardFilter", "BackwardData"):
        assert header.index(f"cudnnGetConvolution{name}Algorithm_v7(") < end


@pytest.mark.parametrize("edit", [*edits.EDITS, *cudnn.EDITS], ids=lambda edit: edit.why[:30])
def test_a_source_without_the_pattern_is_refused_and_left_as_it_is(made, edit):
    (made / edit.file).write_text("// another version of it\n")
    before = {path: path.read_text() for path in made.rglob("*.*") if path.is_file()}
    with pytest.raises(InputError) as refusal:
        edits.apply(edits.EDITS + cudnn.EDITS, made)
    assert edit.file in str(refusal.value) and "found 0 times" in str(refusal.value)
    assert {path: path.read_text() for path in before} == before


def test_a_pattern_that_is_found_too_often_is_refused(made):
    (made / "src/caffe/util/io.cpp").write_text(MADE["src/caffe/util/io.cpp"] * 2)
    with pytest.raises(InputError, match="found 2 times, not 1"):
        edits.apply(edits.EDITS, made)


def test_a_file_that_is_missing_is_named(made):
    (made / "python/caffe/io.py").unlink()
    with pytest.raises(InputError, match=r"io\.py: no such file"):
        edits.apply(edits.EDITS, made)
