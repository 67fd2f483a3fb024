"""The table "bad input, what happens" of docs/reliability.md: each row is tried as it stands."""

import os
import re
import shutil

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, run
from model_copies import seal

from allinone import model
from tools.fuzzing import case

PAGE = os.path.join(ROOT, "docs", "reliability.md")
MODEL = os.path.join(ROOT, model.SHIPPED)
QUICK = ["--engine", "opencv", "--without-pictures"]


def analyze(folder, *inputs):
    return ["tools.analyze", *inputs, *QUICK, "--out", folder / "out"]


def good(folder, name="good.png"):
    cv2.imwrite(str(folder / name), np.full((40, 40, 3), 90, np.uint8))
    return folder / name


def copied_model(folder):
    shutil.copytree(MODEL, folder / "model")
    return folder / "model"


# ---- Of each row: the command, after its input is made in a folder.
def cut_picture(folder):
    ok, data = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (90, 90, 3)))
    (folder / "cut.jpg").write_bytes(data.tobytes()[: len(data) // 2])
    return analyze(folder, folder / "cut.jpg", good(folder))


def claim(folder):
    data = bytearray(cv2.imencode(".bmp", np.zeros((2, 2, 3), np.uint8))[1].tobytes())
    data[18:26] = (40_000).to_bytes(4, "little") + (30_000).to_bytes(4, "little")
    (folder / "huge.bmp").write_bytes(data)
    return analyze(folder, folder / "huge.bmp", good(folder))


def pipe(folder):
    os.mkfifo(folder / "pipe.jpg")
    return analyze(folder, folder / "pipe.jpg", good(folder))


def no_such_folder(folder):
    return analyze(folder, folder / "*.jpg")


def bad_line(folder):
    (folder / "records.jsonl").write_text('{"image": "a.jpg", "box": [0, 0, 9, 9]}\n{"image"\n')
    given = ["--records", folder / "records.jsonl", "--out", folder / "db"]
    return ["data_prep.build_db", "aligned", *given]


def bad_row(folder):
    good(folder, "25_0_0_20170101000000.jpg")
    good(folder, "x_0_0_20170101000001.jpg")
    return ["data_prep.convert", "utkface", "--folder", folder]


def damaged_weights(folder):
    path = copied_model(folder) / "dense.caffemodel"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    return [*analyze(folder, good(folder)), "--model", folder / "model"]


def resealed(folder, name, change):
    """Change a file of a model's copy, and its hash with it; return a command that opens it."""
    path = copied_model(folder) / name
    path.write_bytes(change(path.read_bytes()))
    seal(folder / "model")
    return [*analyze(folder, good(folder)), "--model", folder / "model"]


def layer_of_python(folder):
    layer = b'layer { name: "x" type: "Python" bottom: "data" top: "x" }\n'
    return resealed(folder, "deploy.prototxt", lambda text: text + layer)


def large_net(folder):
    def change(text):
        return text.replace(b"num_output: 512", b"num_output: 9000000")

    return resealed(folder, "deploy.prototxt", change)


def infinite_weights(folder):
    def change(data):
        return data[:400_000] + b"\xff" * 36 + data[400_036:]  # NaN, wherever a number begins

    return resealed(folder, "allinone.caffemodel", change)


def model_without_hashes(folder):
    (copied_model(folder) / model.ABOUT).unlink()
    return [*analyze(folder, good(folder)), "--model", folder / "model"]


def cut_database(folder):
    os.makedirs(folder / "db" / "age" / "images.lmdb")
    told = '{"tower": "age", "count": 3, "hash": "0", "input_size": 115}'
    (folder / "db" / "age" / "manifest.json").write_text(told)
    (folder / "db" / "age" / "images.lmdb" / "data.mdb").write_bytes(bytes(5000))
    return ["tools.inspect_db", folder / "db", "--out", folder / "out"]


def damaged_results(folder):
    (folder / "eval" / "lfw").mkdir(parents=True)
    (folder / "eval" / "lfw" / "results.json").write_text('{"benchmark": "lfw"}')
    return ["evaluate.report", "--results", folder / "eval", "--out", folder / "report"]


def piped_records(folder):
    os.mkfifo(folder / "records.jsonl")
    given = ["--records", folder / "records.jsonl", "--out", folder / "db"]
    return ["data_prep.build_db", "aligned", *given]


def damaged_gallery(folder):
    with h5py.File(folder / "people.h5", "w") as data:
        data["name"], data["descriptor"], data["pictures"] = ["a"], np.zeros((1, 512), "f4"), [1]
    given = [good(folder), "--gallery", folder / "people.h5", "--engine", "opencv"]
    return ["tools.identify", "find", *given]


def foreign_folder(folder):
    (folder / "documents").mkdir()
    (folder / "documents" / "letter.txt").write_text("Dear")
    given = ["--count", 1, "--identities", 1, "--out", folder / "documents"]
    return ["data_prep.synthetic", "--kind", "portraits", *given]


def no_iterations(folder):
    given = ["--profile", "tiny", "--db", folder, "--out", folder / "run", "--iterations", 0]
    return ["tools.train", *given]


def output_is_a_file(folder):
    (folder / "out").write_text("")
    return analyze(folder, good(folder))


def no_gpu(folder):
    return [*analyze(folder, good(folder)), "--gpu", 99]


ROWS = {
    "a picture that is cut off, among others": cut_picture,
    "a picture that claims more pixels than memory has room for": claim,
    "a pipe, device or folder with the name of a picture": pipe,
    "a pattern that no file fits": no_such_folder,
    "a line of records that is no JSON": bad_line,
    "a row of a dataset that gives no record": bad_row,
    "a model of which a file is damaged or changed": damaged_weights,
    "a model whose net has a layer that the kit does not write": layer_of_python,
    "a model whose net asks for more memory than 4 GiB": large_net,
    "a model with weights that are no numbers": infinite_weights,
    "a model from before hashes were kept": model_without_hashes,
    "a database that is cut off": cut_database,
    "the results of a benchmark that are damaged": damaged_results,
    "a records file that is a pipe": piped_records,
    "a gallery that is damaged": damaged_gallery,
    "an output folder that holds files of somebody else": foreign_folder,
    "a number that makes no sense": no_iterations,
    "an output that is a file": output_is_a_file,
    "a GPU that is not there": no_gpu,
}


def rows():
    """Return {bad input: (exit code, what is said)} of the page's table."""
    with open(PAGE, encoding="utf-8") as stream:
        part = stream.read().partition("## Bad input, and what happens")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (.+?) \| (\d) \| (.+?) \|$", part, re.M)
    return {name: (int(code), said) for name, code, said in found}


def test_the_page_has_the_rows_that_are_tried():
    assert set(rows()) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_what_the_page_says_happens(tmp_path, name):
    """Every part in code marks of the last column is printed or left in a file that it names."""
    module, *arguments = ROWS[name](tmp_path)
    done = run(module, *arguments)
    code, said = rows()[name]
    assert done.returncode == code and "Traceback" not in done.stderr, done.stdout + done.stderr
    for part in re.findall(r"`([^`]+)`", said):
        assert part in done.stdout + done.stderr, (part, done.stdout + done.stderr)
    if (tmp_path / "good.png").exists() and "the others are done" in said:
        assert "good.png" in (tmp_path / "out" / "faces.jsonl").read_text()


def test_the_page_explains_every_class_of_hostile_input():
    with open(PAGE, encoding="utf-8") as stream:
        text = stream.read()
    for name in case.names():
        one = case.load(name)
        assert f"| {name} | {one.about} | {one.oracle} |" in text, name
