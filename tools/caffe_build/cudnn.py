"""The changes to Caffe's source for convolution by cuDNN 9: it was written for cuDNN 4 to 7."""

from tools.caffe_build.edits import Edit

HEADER = "include/caffe/util/cudnn.hpp"
FACTORY = "src/caffe/layer_factory.cpp"
LAYERS = ("src/caffe/layers/cudnn_conv_layer.cpp", "src/caffe/layers/cudnn_deconv_layer.cpp")
CLASSES = (
    "include/caffe/layers/cudnn_conv_layer.hpp",
    "include/caffe/layers/cudnn_deconv_layer.hpp",
)
SAME_SIZE = r"""\1
  if (bottom[0]->shape() == planned_for_) {
    return;
  }
  planned_for_ = bottom[0]->shape();
"""
# Of each direction: its name in functions, in types and in constants; its three tensors in order.
DIRECTIONS = (
    ("Forward", "Fwd", "FWD", ("Tensor", "Filter", "Tensor")),
    ("BackwardFilter", "BwdFilter", "BWD_FILTER", ("Tensor", "Tensor", "Filter")),
    ("BackwardData", "BwdData", "BWD_DATA", ("Filter", "Tensor", "Tensor")),
)
# The first that fits, since cuDNN sorts by speed; a deterministic one, so that runs can be
# repeated, unless none fits.
FASTEST = """
template <typename Found, typename Algorithm>
cudnnStatus_t fastest(const Found* found, int count, size_t limit, Algorithm* chosen) {
  for (int any = 0; any < 2; ++any) {
    for (int i = 0; i < count; ++i) {
      const bool fits = found[i].status == CUDNN_STATUS_SUCCESS && found[i].memory <= limit;
      if (fits && (any || found[i].determinism == CUDNN_DETERMINISTIC)) {
        *chosen = found[i].algo;
        return CUDNN_STATUS_SUCCESS;
      }
    }
  }
  return CUDNN_STATUS_NOT_SUPPORTED;
}
"""
CHOOSE = """
inline cudnnStatus_t choose%(name)s(cudnnHandle_t handle, cudnn%(a)sDescriptor_t a,
    cudnn%(b)sDescriptor_t b, cudnnConvolutionDescriptor_t convolution,
    cudnn%(c)sDescriptor_t c, size_t limit, cudnnConvolution%(short)sAlgo_t* chosen) {
  const int most = CUDNN_CONVOLUTION_%(capital)s_ALGO_COUNT;
  cudnnConvolution%(short)sAlgoPerf_t found[most];
  int count = 0;
  const cudnnStatus_t status = cudnnGetConvolution%(name)sAlgorithm_v7(
      handle, a, b, convolution, c, most, &count, found);
  return status == CUDNN_STATUS_SUCCESS ? fastest(found, count, limit, chosen) : status;
}
"""


def choosers():
    """Return the C++ of functions that choose an algorithm, one for each direction."""
    text = FASTEST
    for name, short, capital, (a, b, c) in DIRECTIONS:
        text += CHOOSE % dict(name=name, short=short, capital=capital, a=a, b=b, c=c)
    return text


EDITS = (
    Edit(
        HEADER,
        r"inline const char\* cudnnGetErrorString\([\s\S]*?\n\}\n",
        "",
        1,
        "cuDNN has a function of this name today, and has dropped three of the states named here",
    ),
    Edit(
        HEADER,
        r"(pad_h, pad_w, stride_h, stride_w, 1, 1, CUDNN_CROSS_CORRELATION,\s*"
        r"dataType<Dtype>::type\)\);\n)",
        r"\1  CUDNN_CHECK(cudnnSetConvolutionMathType(*conv, CUDNN_FMA_MATH));\n",
        1,
        "by default it rounds float to TF32, which the answers without cuDNN are not",
    ),
    Edit(
        HEADER,
        r"(?=\n\}  // namespace cudnn)",
        choosers().replace("\\", "\\\\"),
        1,
        "what chooses an algorithm where cuDNN 8 has dropped the calls for it",
    ),
    Edit(
        FACTORY,
        r"engine = (ConvolutionParameter_Engine)_CUDNN;",
        r"engine = Caffe::mode() == Caffe::GPU ? \1_CUDNN : \1_CAFFE;",
        2,
        "its layer asks for a GPU even in CPU mode",
    ),
    Edit(
        FACTORY,
        r"engine = (\w+Parameter_Engine)_CUDNN;(?= *\n#)",
        r"engine = \1_CAFFE;",
        6,
        "other layers gain little by cuDNN, and their answers stay as they are",
    ),
    *(
        Edit(
            file,
            r"cudnnGetConvolution(Forward|BackwardFilter|BackwardData)Algorithm\("
            r"([^;]*?)CUDNN_CONVOLUTION_\w+_SPECIFY_WORKSPACE_LIMIT,",
            r"cudnn::choose\1(\2",
            3,
            "cuDNN 8 has dropped these calls",
        )
        for file in LAYERS
    ),
    *(
        Edit(
            file,
            r"( *\w+Layer<Dtype>::Reshape\(bottom, top\);\n)",
            SAME_SIZE,
            1,
            "Caffe reshapes before each pass, and algorithms would be chosen anew each time",
        )
        for file in LAYERS
    ),
    *(
        Edit(
            file,
            r"( *cudnnTensorDescriptor_t +bias_desc_;\n)",
            r"\1  vector<int> planned_for_;\n",
            1,
            "the shape that algorithms are chosen for",
        )
        for file in CLASSES
    ),
)
