"""What several tests share: commands as a user runs them, and one small chain from drawing to a fused model."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from allinone import files, record
from data_prep import conversion, real_sets, synthetic

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ITERATIONS = 20


def run(*arguments):
    """Run `python -m ...` from the root; return the finished process with its text."""
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, text=True, capture_output=True
    )


def run_well(*arguments):
    """Run a command that must succeed."""
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def command():
    """Run a command of the kit: command("tools.train", "--db", ...)."""
    return run


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    """The folder of a whole small chain: faces, scenes, db, run (20 iterations), model."""
    root = tmp_path_factory.mktemp("chain")
    run_well(
        "data_prep.synthetic",
        "--kind",
        "portraits",
        "--count",
        "30",
        "--identities",
        "6",
        "--seed",
        "5",
        "--out",
        f"{root}/faces",
    )
    run_well(
        "data_prep.synthetic",
        "--kind",
        "scenes",
        "--count",
        "6",
        "--identities",
        "6",
        "--seed",
        "5",
        "--out",
        f"{root}/scenes",
    )
    run_well(
        "data_prep.build_db",
        "scenes",
        "--records",
        f"{root}/scenes/records.jsonl",
        "--without-search",
        f"{root}/faces/records.jsonl",
        "--out",
        f"{root}/db",
    )
    run_well(
        "data_prep.build_db",
        "aligned",
        "--records",
        f"{root}/faces/records.jsonl",
        "--out",
        f"{root}/db",
    )
    for kind, source in (
        ("scenes", "scenes"),
        ("aligned", "faces"),
    ):  # validated on what it learns from: here only the way counts
        run_well(
            "data_prep.build_db",
            kind,
            "--records",
            f"{root}/{source}/records.jsonl",
            "--out",
            f"{root}/db/val",
        )
    run_well(
        "tools.train",
        "--profile",
        "tiny",
        "--db",
        f"{root}/db",
        "--out",
        f"{root}/run",
        "--iterations",
        str(ITERATIONS),
        "--snapshot",
        "5",
    )
    run_well("tools.fuse", "--profile", "tiny", "--run", f"{root}/run", "--out", f"{root}/model")
    return root


@pytest.fixture(scope="session")
def real_source(tmp_path_factory):
    """A folder as real_sets takes it: portraits of 12 people as celeba, those with tight pictures as utkface, scenes as photos."""
    root = tmp_path_factory.mktemp("real")
    for name, kind, count in (
        ("celeba", "portraits", 48),
        ("utkface", "portraits", 20),
        ("photos", "scenes", 6),
    ):
        drawn = root / "drawn" / name
        synthetic.draw_set(str(drawn), kind, count, 12, 31)
        (root / "real" / name).mkdir(parents=True)
        lines = []
        for image, faces in record.faces_by_picture(record.read(str(drawn / "records.jsonl"))):
            picture = files.read_image(str(drawn / image))
            target = (
                f"{name}/{len(lines)}.jpg"
                if name != "utkface"
                else f"utkface/{round(faces[0].age)}_{faces[0].gender}_{len(lines) % 5}_2017011{len(lines)}.jpg"
            )
            if name == "utkface":  # cut to the face
                x, y = np.maximum(np.floor(faces[0].box[:2]), 0).astype(int)
                picture = picture[y : int(faces[0].box[3]), x : int(faces[0].box[2])]
                faces[0].box = (np.float64(faces[0].box) - [x, y, x, y]).tolist()
                faces[0].landmarks = (np.float64(faces[0].landmarks) - [x, y]).tolist()
            files.write_image(str(root / "real" / target), picture)
            labels = [
                dict(
                    box=face.box,
                    landmarks=[
                        None if place in (12, 16) else point
                        for place, point in enumerate(face.landmarks)
                    ],
                    pose=face.pose,
                )
                for face in faces
            ]
            if name == "photos":
                lines.append(
                    dict(
                        image=target,
                        faces=[dict(one, ignore=number == 1) for number, one in enumerate(labels)],
                    )
                )
            else:
                who = (
                    {}
                    if name == "utkface"
                    else dict(identity=faces[0].identity, smile=faces[0].smile)
                )
                lines.append(
                    dict(
                        image=target,
                        split="test" if len(lines) % 4 == 3 else "train",
                        gender=faces[0].gender,
                        age=faces[0].age,
                        **who,
                        **labels[0],
                    )
                )
        (root / "real" / f"{name}.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in lines)
        )
    return root


@pytest.fixture(scope="session")
def real_folders(real_source):
    """The folders that real_sets and the reader make of it."""
    out = real_source / "sets"
    assert real_sets.main(["--real", str(real_source / "real"), "--out", str(out)]) == 0
    for name in real_sets.SETS:
        conversion.convert_set("custom", str(out / name))
    return out


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def refused(capsys, code, *parts):
    """Check that a command refused: exit code 2 and a sentence that names all parts."""
    message = capsys.readouterr().err
    assert code == 2, message
    assert message.startswith("error: ")
    for part in parts:
        assert str(part) in message, message


@pytest.fixture
def expect_refusal(capsys):
    """expect_refusal(main, arguments, part of the message, ...)"""
    return lambda main, arguments, *parts: refused(
        capsys, main([str(a) for a in arguments]), *parts
    )
