"""docs/: that it is what the nets are, and its counts against figures worked out by hand."""

import os
import re
import xml.dom.minidom

import pytest
from conftest import ROOT

from allinone import profiles, tasks
from prototxt import deploy
from tools import draw_net, layers, net_picture


def test_the_committed_pages_are_what_the_command_writes(command, tmp_path):
    done = command("tools.describe_nets", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("network.md", "net.svg", "joint.svg", "deploy.svg"):
        with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as committed:
            assert committed.read() == (tmp_path / name).read_text(encoding="utf-8"), (
                f"docs/{name} is old; run make docs"
            )


def test_an_unknown_option_is_refused(command, tmp_path):
    done = command("tools.describe_nets", "--out", tmp_path, "--profile", "tiny")
    assert done.returncode == 2 and "--profile" in done.stderr
    assert not any(tmp_path.iterdir())


def described(definition):
    return {row["name"]: row for row in layers.describe(definition, layers.load(definition))}


def test_parameters_and_flops_of_layers_by_hand():
    """The parameter column published for the identity network.

    conv2 614 K, conv3 885 K, conv4 1.3 M, conv5 to conv7 2.3 M, fc6 18.8 M weights.
    """
    rows = described(deploy.deploy_net(profiles.PAPER))
    for name, weights, maps in (
        ("conv1", 11 * 11 * 3 * 96, 96),
        ("conv2", 614400, 256),
        ("conv3", 884736, 384),
        ("conv4", 1327104, 384),
        ("conv6", 2359296, 512),
        ("conv7", 2359296, 512),
        ("fc6", 18874368, 1024),
    ):
        assert rows[name]["parameters"] == weights + 2 * maps, name  # biases and slopes
    assert rows["conv1"]["flops"] == 2 * 55 * 55 * 96 * 11 * 11 * 3
    assert rows["fc6"]["flops"] == 2 * 18874368
    assert rows["detection_raw"]["parameters"] == 512 * 2 + 2
    assert rows["pool1"]["parameters"] == rows["pool1"]["flops"] == 0


def test_stage_one_ends_with_its_last_output():
    definition = deploy.deploy_net(profiles.TINY)
    rows = layers.stage_one(layers.describe(definition, layers.load(definition)))
    names = [row["name"] for row in rows]
    assert {"detection_raw", "landmarks", "visibility", "pose"} <= set(names)
    assert names[-1] in ("detection_raw", "landmarks", "visibility", "pose")
    assert not {"conv6", "conv7", "fc6", "fc_smile"} & set(names)


def test_the_totals_are_those_of_caffe_itself():
    """All blobs of the deploy net, and fc8 of 10,548 people."""
    net = layers.load(deploy.deploy_net(profiles.PAPER))
    deployed = sum(blob.count for blobs in net.params.values() for blob in blobs)
    with open(os.path.join(ROOT, "docs", "network.md"), encoding="utf-8") as page:
        line = next(line for line in page if line.startswith("| paper | 227"))
    assert [int(number.replace(",", "")) for number in re.findall(r"[\d,]{9,}", line)][:2] == [
        deployed + 513 * 10548,
        deployed,
    ]


@pytest.mark.parametrize("profile", profiles.PROFILES.values(), ids=lambda profile: profile.name)
def test_no_box_lies_on_another_and_every_layer_is_drawn(profile):
    definition = deploy.deploy_net(profile)
    drawn_layers = draw_net.collapse(definition)
    places = draw_net.place(drawn_layers)
    assert len(set(places.values())) == len(places) == len(drawn_layers)
    for name, layer in drawn_layers.items():
        assert all(places[other][1] < places[name][1] for other in layer.reads)
    drawn = xml.dom.minidom.parseString(draw_net.svg(definition, {}, "a & b"))
    texts = drawn.getElementsByTagName("text")
    assert {text.firstChild.data for text in texts if text.firstChild} >= set(drawn_layers)


@pytest.fixture(scope="module")
def glance():
    """The fused net of profile paper at a glance: its boxes, and its drawing."""
    net = layers.load(deploy.deploy_net(profiles.PAPER))
    sizes = {blob: data.data.shape[1:] for blob, data in net.blobs.items()}
    return net_picture.boxes(sizes), net_picture.svg(sizes, "a & b")


def test_the_net_at_a_glance_has_every_task_and_its_sizes(glance):
    boxes, drawn = glance
    assert {task.name for task in tasks.TASKS} < set(boxes)
    assert boxes["conv1"].size == "96×55²" and boxes["fc_full"].size == "2048"
    assert boxes["landmarks"].size == "512 → 42"
    assert boxes["gender"].size == "1024 → 512 → 2" and boxes["identity"].size == "1024 → 512"
    texts = [
        one.firstChild.data
        for one in xml.dom.minidom.parseString(drawn).getElementsByTagName("text")
    ]
    assert {box.size for box in boxes.values()} <= set(texts)


def test_the_net_at_a_glance_is_legible_in_a_readme_and_on_a_phone(glance):
    """No box lies on another; letters fit their box; shown 350 pixels wide they have 9 pixels."""
    boxes, drawn = glance
    places = sorted((box.column, box.top, box) for box in boxes.values())
    for (column, top, _), (other, below, _) in zip(places, places[1:]):
        assert column != other or below >= top + net_picture.HEIGHT + 8
    for box in boxes.values():
        letters = 0.62 * len(box.name) + 0.6 * len(box.size)  # of wide letters, in their height
        assert net_picture.LETTERS * letters <= net_picture.WIDTHS[box.column] - 16 + 4, box
    width = int(re.search(r'viewBox="0 0 (\d+)', drawn).group(1))
    assert width <= 830 and net_picture.LETTERS * 350 / width >= 9


def test_a_line_at_a_glance_leads_to_the_right_or_down(glance):
    boxes, _ = glance
    for start, end in net_picture.lines():
        first, second = boxes[start], boxes[end]
        assert second.column > first.column or second.top > first.top
