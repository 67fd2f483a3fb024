"""Every layer of the kit's nets is tried, and one that is wrong on a device is found."""

import dataclasses
import glob
import os
import re

import numpy as np
import pytest
from conftest import ROOT

from allinone import profiles
from allinone.pycaffe import caffe
from tools.proving import layers_step, single_layers

WITH_DROPOUT = dataclasses.replace(profiles.TINY, dropout=0.5)


@pytest.fixture(scope="module")
def cases():
    """All different layers of a small profile that drops units."""
    return list(single_layers.cases(WITH_DROPOUT))


def of_kind(cases, kind, phase=None):
    return next(one for one in cases if one.kind == kind and phase in (None, one.phase))


def test_all_types_of_the_committed_nets_are_tried(cases):
    types, classes = set(), set()
    for path in glob.glob(os.path.join(ROOT, "prototxt", "paper", "*.prototxt")):
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        types.update(re.findall(r'^  type: "(\w+)"', text, re.M))
        classes.update(re.findall(r'^    layer: "(\w+)"', text, re.M))
    assert {"Convolution", "LRN", "Dropout"} <= types and "AgeLoss" in classes
    data_layers = {"FaceData", "RegionData", "ProposalData", "ScreenData"}
    wanted = (types - {"Input", "Python"}) | (classes - data_layers)
    assert wanted | {"Split"} == {case.kind for case in cases}


def test_a_fully_connected_layer_gives_its_product_and_its_gradients(cases):
    """By numpy: y = W x + b; the gradients of W, b and x."""
    case = of_kind(cases, "InnerProduct")
    caffe.set_mode_cpu()
    found = single_layers.run(case)
    rng = np.random.default_rng(0)
    inputs = case.inputs["in0"].reshape(len(case.inputs["in0"]), -1)
    size = case.net.layer[-1].inner_product_param.num_output
    scale = 1 / np.sqrt(inputs.shape[1])
    weights = np.float32(rng.normal(scale=scale, size=(size, inputs.shape[1])))
    bias = np.float32(rng.normal(scale=0.2, size=size))
    above = np.float32(rng.normal(size=(len(inputs), size)))
    expected = {
        "output out0": inputs @ weights.T + bias,
        "gradient in0": (above @ weights).reshape(case.inputs["in0"].shape),
        "gradient of weights 0": above.T @ inputs,
        "gradient of weights 1": above.sum(axis=0),
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-4, err_msg=name)


def test_the_same_device_agrees_with_itself(cases):
    some = [of_kind(cases, kind) for kind in ("Convolution", "Pooling", "AgeLoss", "Accuracy")]
    compared = layers_step.compare_all(some, layers_step.on_cpu)
    assert compared.keys() == {"Convolution", "Pooling", "AgeLoss", "Accuracy"}
    for ((_, outputs, gradients),) in compared.values():
        assert outputs == gradients == 0


@pytest.mark.parametrize("part, place", [("output", 0), ("gradient of weights", 1)])
def test_products_of_ten_bits_are_found(cases, part, place):
    """As TF32 would make them."""

    def rough(case):
        found = layers_step.on_cpu(case)
        for name, values in found.items():
            if name.startswith(part):
                found[name] = (values.view(np.int32) & ~0x1FFF).view(np.float32)
        return found

    case = of_kind(cases, "Convolution")
    ((_, *shares),) = layers_step.compare_all([case], rough)["Convolution"]
    assert shares[place] > layers_step.SHARE and shares[1 - place] == 0


def test_an_output_that_is_no_number_is_found():
    good = np.float32([1, 2])
    assert layers_step.difference(good, np.float32([1, np.nan])) == np.inf
    assert layers_step.difference(np.float32([np.nan, 1]), good) == np.inf
    assert layers_step.difference(good, np.float32([1, 2.5])) == 0.25


def test_dropout_may_drop_others_but_must_drop_rightly(cases):
    """Two devices draw other numbers; what is kept is twice as large, gradients likewise."""
    case = of_kind(cases, "Dropout", caffe.TRAIN)
    caffe.set_random_seed(1)
    one, other = layers_step.on_cpu(case), layers_step.on_cpu(case)
    (name,) = case.net.layer[-1].top
    assert (one[f"output {name}"] != other[f"output {name}"]).any()
    assert max(layers_step.compare(case, one, other)) <= layers_step.SHARE
    wrong = dict(other)
    wrong[f"output {name}"] = other[f"output {name}"] / 2
    assert max(layers_step.compare(case, one, wrong)) > layers_step.SHARE
    everything = dict(other)
    everything[f"output {name}"] = 2 * case.inputs["in0"]
    assert max(layers_step.compare(case, one, everything)) == np.inf
