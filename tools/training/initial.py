"""Start a net from the weights of another run or model."""

from __future__ import annotations

import os

from allinone import snapshots, surgery, widen
from allinone.errors import InputError
from allinone.surgery import CLASSIFIER
from allinone.tasks import HYPERFACE
from tools.training import alexnet


def start_from(solver, net_path: str, source: str, narrow: bool, partial: bool) -> None:
    """Write the weights of a run or model into a solver's net, and print which.

    narrow: its net is narrower and is widened. partial: it may lack layers beyond the trunk, which
    then start anew. InputError where its weights do not fit.
    """
    weights = snapshots.weights_of(source)
    parameters = other_people_left_out(solver.net, parameters_of(weights, solver.net), weights)
    definition = surgery.read_net(net_path)
    if narrow:
        parameters = widen.widened(parameters, solver.net, definition, weights)
    report = surgery.transplant(solver.net, definition, parameters, weights, partial=partial)
    print(
        f"  taken over: {layers_of(report.matched)}\n"
        f"  start anew: {layers_of(report.missing)}\n"
        f"  left: {layers_of(report.unused)}",
        flush=True,
    )


def parameters_of(weights: str, net) -> surgery.Parameters:
    """Return {parameter name: array} of a caffemodel: of the kit, or AlexNet's for the baseline.

    One that has no net of the kit beside it must be AlexNet's. InputError where `net` is not the
    baseline then.
    """
    if os.path.isfile(snapshots.net_of(weights)):
        return snapshots.parameters(weights)
    found = alexnet.parameters(weights)
    if f"{HYPERFACE}/{alexnet.LAYERS[0]}" not in net.params:
        raise InputError(
            f"{weights}: AlexNet's weights start job {HYPERFACE} alone; give --init a run or a "
            "model of the kit"
        )
    return found


def other_people_left_out(net, parameters, weights):
    """Return the parameters without a classifier over another number of people than the net's."""
    known = parameters.get(f"{CLASSIFIER}/w")
    layers = [layer for layer in net.params if layer.endswith(f"/{CLASSIFIER}")]
    if known is None or not layers or net.params[layers[0]][0].data.shape == known.shape:
        return parameters
    people = len(net.params[layers[0]][0].data)
    print(f"  {CLASSIFIER} starts anew: {weights} knows other people ({len(known)}, here {people})")
    return {
        name: array for name, array in parameters.items() if not name.startswith(f"{CLASSIFIER}/")
    }


def layers_of(names: list[str]) -> str:
    """Return the layers of parameter names as text."""
    return ", ".join(sorted({name.rsplit("/", 1)[0] for name in names})) or "none"
