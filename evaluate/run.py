"""A run of a benchmark: its set and models, the model's predictions, results.json and the table."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np

from allinone import device, files, folders, model, reading
from allinone.errors import InputError
from allinone.record import FaceRecord
from data_prep import conversion
from evaluate import answers, fddb_files, figures_table, measured_models, predictions
from evaluate.benchmark import Benchmark, Measured
from evaluate.predictions import Annotated, Said

RESULTS = "results.json"
# What some benchmarks write beside it: detections as the face-eval toolbox and as FDDB have them,
# scores and embeddings of templates.
DETECTIONS, FDDB_DETECTIONS, SCORES, EMBEDDINGS = "detections.txt", "results", "scores", "tpe.h5"
KIND = folders.Kind(
    "measurement",
    holds=(
        *(RESULTS, DETECTIONS, FDDB_DETECTIONS, SCORES, EMBEDDINGS, "*_worst.jpg"),
        *(fddb_files.DISCRETE, fddb_files.CONTINUOUS),
    ),
    proofs={RESULTS: frozenset({"benchmark", "figures", "deviations", "rules"})},
    is_marked=True,
)
WORST = 12  # faces or pictures that the report shows of a benchmark


@dataclass
class Run:
    """What a benchmark measures on, and how."""

    benchmark: Benchmark
    options: argparse.Namespace  # as given: data, model, stage1, engine, gpu, score, switches
    records: str  # path of the set's records
    out: str  # folder of predictions and results
    pictures: list[Annotated]  # [(image, records)]
    models: dict[Optional[str], str]  # {part of the set: model folder}
    device: str  # "CPU", "GPU 0"
    proposals: str  # where faces are looked for, of allinone.searching.PROPOSALS,
    proposals_why: str  # and why there
    missing: list[str] = field(default_factory=list)  # sentences on missing parts of the set

    @property
    def folder(self) -> str:
        """Return the folder of the set, to which the images' paths are relative."""
        return self.options.data

    @property
    def part(self) -> Optional[str]:
        """Return the part of the set that is measured, None where there is no choice."""
        return self.options.part if self.benchmark.parts else None

    @property
    def stage1(self) -> Optional[str]:
        """Return the folder of the model that does stage 1, None where --model does it."""
        return self.options.stage1

    def note_missing(self, *sentences: str) -> None:
        """Print and keep sentences on missing parts of the set, each once."""
        for sentence in sentences:
            if sentence not in self.missing:
                self.missing.append(sentence)
                print(f"  incomplete: {sentence}", flush=True)

    def is_tuned(self) -> bool:
        """Tell whether each part has a model of its own, which has not learnt from it."""
        return set(self.models.values()) != {self.options.model}

    def finders(self) -> list[str]:
        """Return the folders of the models that do stage 1."""
        return [self.stage1] if self.stage1 else sorted(set(self.models.values()))

    def is_of_regions(self, task: str) -> bool:
        """Tell whether stage 1 answers a task that is of stage 2: HyperFace's gender."""
        return not self.stage1 and task in measured_models.answered(self.finders(), stage=1)

    def descriptors(self) -> list[tuple[FaceRecord, np.ndarray]]:
        """Return [(annotated face, its descriptor)] of the faces for which there is one."""
        said = self.predict(answers.FACES, stage=2, descriptors=True, needs=["identity"])
        rows = predictions.read_descriptors(os.path.join(self.out, answers.FACES))
        faces = [face for face, _ in predictions.pair_up(self.pictures, said)]
        return list(zip(faces, rows))

    def predict(
        self,
        kind: str,
        stage: int = 1,
        attributes: bool = False,
        descriptors: bool = False,
        needs: Sequence[str] = (),
    ) -> list[Said]:
        """Return the model's predictions of the pictures, see evaluate.predictions.

        kind: evaluate.answers.DETECT or FACES; attributes: the probabilities of stage 2 alone,
        where --score is mean-regions; needs: tasks of which the stage must answer one. InputError
        where the model answers none, or no picture can be read.
        """
        answered = measured_models.answered(self.models.values(), stage)
        if needs and not answered.intersection(needs):
            raise InputError(
                f"{self.options.model}: answers no {' or '.join(needs)}, which "
                f"{self.benchmark.name} measures; give another model"
            )
        score = answers.ALIGNED
        if kind == answers.FACES and self.benchmark.score:
            score = self.options.score
        settings = predictions.settings_of(
            self.records,
            self.models,
            self.stage1,
            kind=kind,
            proposals=self.proposals,
            score=score,
            stage=stage,
            attributes=attributes,
            **({"part": self.part} if self.part else {}),
        )
        out = os.path.join(self.out, kind)
        said = predictions.predict(
            out,
            self.folder,
            self.pictures,
            self.models,
            settings,
            self.options.engine,
            descriptors,
            self.options.gpu,
            self.stage1,
        )
        unreadable = predictions.unreadable(said, self.records, out)
        if unreadable:
            self.note_missing(f"{unreadable} pictures cannot be read")
        return said


def start(benchmark: Benchmark, options: argparse.Namespace) -> Run:
    """Return the run of a benchmark; prints what is missing in the set, and the models.

    options: data, model, stage1, out, proposals, engine, gpu and the benchmark's own. InputError
    where the set or the model is missing.
    """
    if not options.model:
        raise InputError("--model: give the folder of a fused model (make fuse writes one)")
    records, missing = records_of(benchmark.dataset, options.data)
    pictures = predictions.records_in(records)
    splits = (options.part,) if benchmark.parts else benchmark.splits
    if splits is not None:
        pictures = [one for one in pictures if _is_of(one, splits)]
    if not pictures:
        parts = ", ".join(splits or ("this set",))
        mend = "name some in the column split" if benchmark.parts else "is the set whole?"
        raise InputError(f"{options.data}: no picture of {parts}; {mend}")
    models = measured_models.models_of(options.model, {faces[0].split for _, faces in pictures})
    if not model.is_model(options.model):  # a model for each part
        measured_models.refuse_learnt(models, benchmark.name)
    used = device_of(options.engine, options.gpu)
    whole, pictures = len(pictures), [one for one in pictures if one[1][0].split in models]
    if len(pictures) < whole:
        missing.append(
            f"{whole - len(pictures)} pictures are of parts without a model of their own in "
            f"{options.model}"
        )
    out = options.out or model.measured_in(options.model, benchmark.name)
    finders = [options.stage1] if options.stage1 else models.values()
    proposals = measured_models.proposals_for(finders, options.proposals)
    run = Run(benchmark, options, records, out, pictures, models, used, *proposals)
    run.note_missing(*missing)
    by = f", stage 1 by {options.stage1}" if options.stage1 else ""
    print(f"  model {options.model}{by}; proposals: {', '.join(proposals)}", flush=True)
    return run


def _is_of(picture: Annotated, splits: tuple[str, ...]) -> bool:
    """Tell whether a face of a picture is of one of the splits."""
    return any(face.split in splits for face in picture[1])


def device_of(engine: str, gpu: str) -> str:
    """Return the device that an engine runs on, in words; sets Caffe's."""
    if engine == "caffe":
        return device.use(gpu)
    return f"GPU {gpu}" if gpu else "CPU"


def records_of(dataset: str, data: str) -> tuple[str, list[str]]:
    """Return (path of the records of a set, sentences on its missing parts).

    Converts the original files where that is not done yet; InputError where they are missing.
    """
    path = os.path.join(data, conversion.RECORDS)
    if not os.path.isfile(path) or conversion.is_outdated(dataset, data):
        if not os.path.isdir(data):
            raise InputError(
                f"{data}: no such folder; put the set there as data_prep/README.md shows it, or "
                "name its place with --data"
            )
        conversion.convert_set(dataset, data)
    summary = reading.read_json(
        os.path.join(data, conversion.SUMMARY),
        f"convert the set again (make data-{dataset})",
        conversion.Summary,
    )
    losses = os.path.join(data, conversion.DROPPED)
    missing = [
        f"{count} rows gave no record: {reason} (each is named in {losses})"
        for reason, count in summary["dropped"].items()
    ]
    return path, missing + [f"{name} is not there" for name in summary.get("missing", ())]


def worst(entries: Iterable[tuple]) -> list[dict[str, Any]]:
    """Return the WORST of (badness, image, box, text), the worst first, as plain types.

    A badness of NaN leaves an entry out; a box of None means the whole picture.
    """
    known = [entry for entry in entries if not np.isnan(entry[0])]
    chosen = sorted(known, key=lambda entry: -entry[0])[:WORST]
    found = []
    for _, image, box, text in chosen:
        edges = None if box is None else [round(float(edge), 1) for edge in box]
        found.append(dict(image=image, box=edges, text=text))
    return found


def finish(run: Run, measured: Measured) -> None:
    """Write results.json of a run, and print its table with the rules that decide."""
    results = results_of(run, measured)
    path = os.path.join(run.out, RESULTS)
    files.write_json(path, results)
    if results["drawn"]:
        print("\n  This set is drawn: its figures cannot be set beside the paper's.")
    counts = ", ".join(f"{count} {what}" for what, count in results["counts"].items())
    print(f"\n{run.benchmark.title}; {counts}")
    print(figures_table.text(run.benchmark, results))
    for rule in results["rules"]:
        print(f"  - {rule}")
    print(path)


def results_of(run: Run, measured: Measured) -> dict[str, Any]:
    """Return what results.json holds; a figure that is NaN becomes null."""
    known = {figure.name for figure in run.benchmark.figures}
    unknown = set(measured.figures) - known
    if unknown:
        raise ValueError(f"{run.benchmark.name}: figures that the benchmark lacks: {unknown}")
    figures = {}
    for name, value in measured.figures.items():
        figures[name] = None if value is None or np.isnan(value) else float(value)
    rules = [*run.benchmark.rules, *measured.rules]
    if run.stage1:
        rules.append(f"faces and their landmarks are found by another model, {run.stage1}")
    return dict(
        benchmark=run.benchmark.name,
        figures=figures,
        deviations=dict(measured.deviations),
        intervals=dict(measured.intervals),
        others=[dict(method=one.method, figures=dict(one.figures)) for one in measured.others],
        counts=dict(measured.counts),
        rules=rules,
        incomplete=run.missing,
        data=os.path.abspath(run.folder),
        records_sha256=files.sha256(run.records),
        model=measured_models.about(run.models.values(), run.stage1),
        curves=dict(measured.curves),
        failures=list(measured.failures),
        drawn=os.path.isfile(os.path.join(run.folder, conversion.DRAWN)),
        proposals=run.proposals,
        proposals_why=run.proposals_why,
        engine=run.options.engine,
        machine=device.machine(run.device),
        date=datetime.date.today().isoformat(),
    )
