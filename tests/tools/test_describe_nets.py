"""docs/: that it is what the nets are, and its counts against figures worked out by hand."""

import os
import re
import xml.dom.minidom

from conftest import ROOT

from allinone import tasks
from prototxt import deploy
from tools import describe_nets, draw_net


def test_the_committed_pages_are_what_the_command_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(describe_nets, "FOLDER", str(tmp_path))
    assert describe_nets.main([]) == 0
    for name in ("network.md", "joint.svg", "deploy.svg"):
        with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as committed:
            assert committed.read() == (tmp_path / name).read_text(encoding="utf-8"), (
                f"docs/{name} is old; run make docs"
            )


def test_parameters_and_flops_of_layers_by_hand():
    """The parameter column published for the identity network: conv2 614 K, conv3 885 K, conv4 1.3 M, conv5 to conv7 2.3 M, fc6 18.8 M weights."""
    definition = deploy.deploy_net(profiles.PAPER)
    rows = {
        row["name"]: row
        for row in describe_nets.describe(definition, describe_nets.load(definition))
    }
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
    assert (
        rows["conv1"]["flops"] == 2 * 55 * 55 * 96 * 11 * 11 * 3
        and rows["fc6"]["flops"] == 2 * 18874368
    )
    assert (
        rows["detection_raw"]["parameters"] == 512 * 2 + 2
        and rows["pool1"]["parameters"] == rows["pool1"]["flops"] == 0
    )


def test_the_totals_are_those_of_caffe_itself():
    """All blobs of the deploy net, and fc8 of 10,548 people."""
    net = describe_nets.load(deploy.deploy_net(profiles.PAPER))
    deployed = sum(blob.count for blobs in net.params.values() for blob in blobs)
    with open(os.path.join(ROOT, "docs", "network.md"), encoding="utf-8") as page:
        line = next(line for line in page if line.startswith("| paper | 227"))
    assert [int(number.replace(",", "")) for number in re.findall(r"[\d,]{9,}", line)][:2] == [
        deployed + 513 * 10548,
        deployed,
    ]


def test_no_box_lies_on_another_and_every_layer_is_drawn():
    for profile in profiles.PROFILES.values():
        definition = deploy.deploy_net(profile)
        layers = draw_net.collapse(definition)
        places = draw_net.place(layers)
        assert len(set(places.values())) == len(places) == len(layers)
        assert all(
            places[other][0] < places[name][0]
            for name, (reads, _) in layers.items()
            for other in reads
        )
        drawn = xml.dom.minidom.parseString(draw_net.svg(definition, {}, "a & b"))
        assert {
            text.firstChild.data for text in drawn.getElementsByTagName("text") if text.firstChild
        } >= set(layers)
