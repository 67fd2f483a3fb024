"""Time and precision on pictures: the two ways to propose regions, and what refinement gains.

Scenes of 640x480 with faces from 80 pixels are drawn for it, of people and with a seed that nothing
was trained on.
"""

from __future__ import annotations

import collections
import time
from dataclasses import dataclass, field

import numpy as np

from allinone import boxes, dense, model, refine
from allinone.analyzer import FaceAnalyzer
from allinone.backend import Backend
from allinone.proposals import selective_search
from allinone.searching import FAST
from data_prep import drawing, scene
from evaluate import metrics
from tools.timing.clock import Part, median_seconds

SCENES = 60
WIDTH, HEIGHT, SIZES, SEED = 640, 480, (80, 300), 7
ENGINE, REPEATS = "opencv", 5
FLOOR = 0.05  # least score of a detection that the average precision looks at
PEOPLE = 60


def drawn_scenes(count: int = SCENES):
    """Return [(picture, [FaceRecord fields])] of scenes that nothing has learnt from."""
    found = []
    for number in range(count):
        rng = np.random.default_rng([SEED, number])

        def somebody(rng=rng):
            return drawing.person(SEED, int(rng.integers(PEOPLE)))

        found.append(scene.scene(rng, somebody, WIDTH, HEIGHT, sizes=SIZES))
    return found


def plain(found):
    """Return what stage 1 finds in regions after non-maximum suppression of the regions."""
    best_first = boxes.nms(found["boxes"], found["score"], refine.OVERLAP)
    keep = [best for best in best_first if found["score"][best] >= FLOOR]
    return {name: values[keep] for name, values in found.items()}


def by_landmarks(found):
    """Return what stage 1 finds in regions after Landmarks-based NMS."""
    return refine.landmarks_nms(found, FLOOR)


def measured(found, scenes) -> tuple[float, float]:
    """Return (average precision, NME of the faces that were found) of what is found in scenes."""
    true, scores, total, errors = [], [], 0, []
    for one, (_, faces) in zip(found, scenes):
        known = [face["box"] for face in faces]
        total += len(known)
        true += metrics.match_detections(one["boxes"], one["score"], known).tolist()
        scores += one["score"].tolist()
        for face, overlaps in zip(faces, boxes.iou(known, one["boxes"])):
            if len(overlaps) and overlaps.max() > 0.5:
                errors.append(landmark_error(one["landmarks"][overlaps.argmax()], face))
    precision = metrics.average_precision(np.array(true), np.array(scores), total)
    return precision, float(np.mean(errors))


def landmark_error(points, face) -> float:
    """Return the mean error of the visible landmarks over sqrt(w h) of the face's box."""
    truth, seen = np.float64([face["landmarks"]]), np.float64([face["visibility"]])
    return metrics.nme([points], truth, seen, metrics.box_size([face["box"]]))[0]


@dataclass
class Way:
    """What one way to propose regions took and found."""

    spent: collections.Counter = field(default_factory=collections.Counter)  # {part: seconds}
    crops: int = 0
    faces: int = 0
    found: list = field(default_factory=list)  # of each scene
    regions: list = field(default_factory=list)  # of each scene

    def mean(self, part: str) -> float:
        """Return the seconds of a part for a picture."""
        return self.spent[part] / len(self.found)


class Watched:
    """An analyzer whose crops are counted; still: of refine.iterative_region_proposals."""

    def __init__(self, analyzer: FaceAnalyzer, still: float | None = None) -> None:
        """Take the analyzer."""
        self.analyzer, self.crops, self.still = analyzer, 0, still

    def refined(self, image, regions, rounds: int = refine.ROUNDS):
        """Return what Iterative Region Proposals find in the regions of a picture."""

        def look(owners, some):
            self.crops += len(some)
            return self.analyzer.look(image, some)

        owners = np.zeros(len(regions), int)
        size = [(WIDTH, HEIGHT)]
        return refine.iterative_region_proposals(look, owners, regions, size, rounds, self.still)[1]


def take(analyzer: FaceAnalyzer, scenes, propose, still: float | None = None) -> Way:
    """Analyze the scenes with one way to propose regions."""
    way, watched = Way(), Watched(analyzer, still)
    for image, _ in scenes:
        start = time.perf_counter()
        regions = propose(image)
        proposed = time.perf_counter()
        result = by_landmarks(watched.refined(image, regions))
        scored = time.perf_counter()
        sure = result["score"] >= model.SCORE
        faces = analyzer.describe(image, {name: values[sure] for name, values in result.items()})
        end = time.perf_counter()
        way.spent.update(propose=proposed - start, stage1=scored - proposed, stage2=end - scored)
        way.faces += len(faces)
        way.found.append(result)
        way.regions.append(regions)
    way.crops = watched.crops
    return way


def pictures(model_folder: str, full_width: str, stages: dict[int, float]) -> Part:
    """Time the ways to propose regions, with their precision, and what each refinement gains.

    full_width: folder of the full-width net; stages: seconds of its stages for a crop. Its time for
    a picture is put together: how many crops a picture takes is counted on the trained model.
    """
    scenes = drawn_scenes()
    analyzer = FaceAnalyzer(model_folder, ENGINE, "cpu", smallest=SIZES[0])
    full = Backend(full_width, ENGINE)

    def densely(image):
        return dense.proposals(analyzer.backend, image, SIZES[0])

    def windows():
        return dense.windows(full, scenes[0][0], SIZES[0])

    full_dense = median_seconds(windows, REPEATS)
    taken = {
        name: take(analyzer, scenes, propose)
        for name, propose in (("dense", densely), ("selective", selective_search))
    }
    if analyzer.proposals == FAST:
        taken[FAST] = take(analyzer, scenes, analyzer.propose, refine.STILL)
    rows, figures = compare_ways(taken, scenes, full_dense, stages)
    gains = refinement(analyzer, scenes, taken["selective"].regions)
    for name, (precision, error) in gains.items():
        remark = f"AP; NME of the faces found {error:.1%}"
        rows.append((f"selective search, {name}", f"{precision:.1%}", remark))
    figures["refinement"] = {name: dict(ap=ap, nme=nme) for name, (ap, nme) in gains.items()}
    return Part(rows, figures)


def compare_ways(taken: dict[str, Way], scenes, full_dense: float, stages):
    """Return (rows, figures) of all ways: time of the trained and of the full-width net."""
    rows, seconds, precisions, full = [], {}, {}, {}
    for name, way in taken.items():
        parts = {part: way.mean(part) for part in ("propose", "stage1", "stage2")}
        crops, faces = way.crops / len(scenes), way.faces / len(scenes)
        seconds[name] = sum(parts.values())
        precisions[name] = measured(way.found, scenes)[0]
        # Selective search and the proposal net take as long whatever net follows.
        proposing = full_dense if name == "dense" else parts["propose"]
        full[name] = proposing + crops * stages[1] + faces * 2 * stages[2]
        remark = (
            f"proposals {parts['propose']:.2f}, stage 1 {parts['stage1']:.2f}, "
            f"stage 2 {parts['stage2']:.2f}; {crops:.0f} crops; AP {precisions[name]:.1%}"
        )
        rows.append((f"picture 640x480, tiny, {name}", f"{seconds[name]:.2f} s", remark))
    times = seconds["selective"] / seconds["dense"]
    rows.append(("dense beside selective search", f"{times:.0f} times", "as fast, tiny"))
    remark = "by its parts: proposals, the same crops, faces"
    for name, value in full.items():
        rows.append((f"picture 640x480, full width, {name}", f"{value:.1f} s", remark))
    face = 2 * stages[2]
    rows.append(("stage 2, full width, a face and its mirror", f"{face * 1000:.0f} ms", ENGINE))
    figures = dict(image_s=seconds, detection_ap=precisions, image_full_width_s=full)
    return rows, dict(figures, stage2_s_per_face=face)


def refinement(analyzer: FaceAnalyzer, scenes, regions) -> dict[str, tuple[float, float]]:
    """Return {what refines: (average precision, NME)} on scenes with proposed regions."""
    gains, watched = {}, Watched(analyzer)
    for name, rounds, suppress in (
        ("plain NMS", 0, plain),
        ("Iterative Region Proposals, plain NMS", refine.ROUNDS, plain),
        ("Landmarks-based NMS alone", 0, by_landmarks),
        ("both", refine.ROUNDS, by_landmarks),
        ("both, a round more", refine.ROUNDS + 1, by_landmarks),
    ):
        results = []
        for (image, _), proposed in zip(scenes, regions):
            results.append(suppress(watched.refined(image, proposed, rounds)))
        gains[name] = measured(results, scenes)
    return gains
