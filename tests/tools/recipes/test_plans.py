"""What the recipes would run: the demo, photographs, fine-tuning, held-out drawn sets."""

import os

import pytest
from recipe_plans import shown


def test_the_demo_draws_builds_trains_fuses_measures_and_shows(command, tmp_path):
    out = tmp_path / "demo"
    commands, names = shown(command, "tools.recipes.demo", "--out", out)
    assert names == (
        ["faces", "scenes", "test_faces", "test_scenes", "regions", "aligned", "validation"]
        + ["nets", "train", "proposal", "fuse", "measure", "page"]
    )
    text = "\n".join(commands)
    for part in (
        "--kind portraits --count 3000 --out {out}/train/faces --identities 1000 --seed 1",
        "--kind scenes --count 200 --out {out}/train/scenes --identities 1000 --seed 1",
        "{out}/test/faces --identities 60 --first-identity 1000 --seed 2",
        "tools.train --profile tiny --db {out}/db --out {out}/run --resume --cores 2",
        "--db {out}/db --out {out}/proposal --resume --cores 2 --job proposal",
        "--run {out}/run --out {out}/model --proposal {out}/proposal",
        "evaluate.synthetic --model {out}/model",
        "tools.demo_page --demo {out}",
    ):
        assert part.format(out=out) in text
    assert not out.exists()
    commands, names = shown(
        command, "tools.recipes.demo", "--out", out, "--until", "train", "--gpu", "0"
    )
    assert names[-1] == "train" and "--gpu 0" in commands[-1] and "--cores" not in commands[-1]


def test_a_step_that_does_not_exist_is_refused(expect_refusal, tmp_path):
    arguments = ["--out", tmp_path / "demo", "--until", "lunch"]
    expect_refusal("tools.recipes.demo", arguments, "--until lunch", "validation, nets, train")


def test_a_model_of_photographs_is_made_in_nine_runs(command, tmp_path):
    """What one run leaves the next starts from, but for the three of the nets of windows.

    ITERATIONS, LR and BATCH reach all of them.
    """
    folders = ["--real", "mine", "--data", tmp_path / "data", "--out", tmp_path / "out"]
    tuned = ["--iterations", "20", "--base-lr", "0.0001", "--batch", "0.5"]
    commands, names = shown(command, "tools.recipes.real", *folders, *tuned)
    trainings = [line for line in commands if "tools.train" in line]
    assert len(trainings) == 9
    for line in trainings:
        assert line.split("--iterations")[-1].split()[0] == "20"
        assert line.endswith("--base-lr 0.0001 --batch 0.5")
    outs = [line.split("--out ")[1].split()[0] for line in trainings]
    starts = [line.split("--init ")[1].split()[0] for line in trainings if "--init" in line]
    *outs, near, proposal, screen = outs
    assert starts == outs[:-1]
    jobs = [training.split("--job ")[1].split()[0] for training in trainings[-3:]]
    assert jobs == ["proposal", "proposal", "screen"]
    order = ["near", "hard_windows", "proposal", "close_windows", "screen"]
    assert names[names.index("near") :][:5] == order
    text = "\n".join(commands)
    assert text.count(f"--windows-from {tmp_path}/out/narrow/model") == 2
    for run in (near, proposal):
        assert f"tools.fuse --proposal {run} --out {tmp_path}/out/narrow/model" in text
    assert names.index("hard_regions") == names.index("narrow_hard") - 1
    assert "tools.fuse --profile small" in commands[-6] and f"--run {outs[-1]}" in commands[-6]
    assert commands[-6].endswith(f"--proposal {proposal} --proposal {screen}")
    assert "evaluate.calibrate" in commands[-5] and "evaluate.operating_point" in commands[-4]
    assert not (tmp_path / "data").exists()


def test_photographs_are_read_once(command, real_source, tmp_path):
    """What make eval-real needs: the sets alone."""
    folders = ["--data", tmp_path / "data", "--out", tmp_path / "out"]
    line = ["tools.recipes.real", "--real", real_source / "real", *folders, "--until", "sets"]
    first, second = command(*line), command(*line)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "celeba" in first.stdout and second.stdout == ""
    for name in ("celeba", "utkface", "photos"):
        assert (tmp_path / "data" / name / "records.jsonl").stat().st_size > 0
    assert os.readlink(tmp_path / "data/hard/val") == "../db/val"


@pytest.fixture
def real_plan(command, tmp_path):
    """real_plan(*files) -> (the commands of make train-real, its steps' names); REAL has files."""
    folders = ["--real", tmp_path / "real", "--data", tmp_path / "data", "--out", tmp_path / "out"]

    def look(*names):
        for name in names:
            (tmp_path / "real" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "real" / name).touch()
        return shown(command, "tools.recipes.real", *folders)

    return look


def test_another_source_is_read_where_it_is_there_and_its_test_part_teaches_nothing(real_plan):
    before, _ = real_plan()
    assert before[0].endswith("--without-copies --sets celeba utkface photos")
    commands, _ = real_plan("mtfl.jsonl")
    assert commands[0].endswith("--sets celeba utkface mtfl photos")
    more = [line for line in commands[1:] if line not in before]
    assert "data_prep.convert custom" in more[0] and len(more) == 3
    for line, part in zip(more[1:], ("train", "val")):
        assert f"--set mtfl --split {part} " in line and line.endswith("--towers smile gender")


def test_with_descriptors_of_a_teacher_the_small_net_learns_these_first(real_plan, tmp_path):
    teacher = "teacher/utkface_celeba_net.npz"
    commands, names = real_plan(teacher, "teacher/aaf_net.npz", "aaf.jsonl", "webfaces.jsonl")
    described = [line for line in commands if "build_db distill" in line]
    for line, name in zip(described, ("celeba", "utkface", "aaf")):
        assert f"--set {name} --split train" in line and "--profile small --eyes 0.36" in line
    assert f"--teacher {tmp_path}/real/{teacher} " in described[0]
    trainings = [line for line in commands if "tools.train" in line]
    assert all("--profile small" in line for line in trainings)
    assert "--job distill" in trainings[0] and "--init" not in trainings[0]
    starts = [line.split("/")[-1] for line in trainings if "--init" in line]
    assert starts == ["distilled", "scout", "wide", "wide_longer"]
    learning = ["teacher", "distilled", "scout", "hard_regions", "wide", "wide_longer"]
    assert names[names.index("teacher") :][:8] == [*learning, "descriptor", "near"]
    (fused,) = [
        line for line in commands if f"--out {tmp_path}/out/model" in line and "fuse" in line
    ]
    both = [f"--run {tmp_path}/out/{name}" for name in ("wide_longer", "descriptor")]
    assert fused.index(both[0]) < fused.index(both[1])
    (hard,) = [line for line in commands if "--regions-from" in line]
    assert f"--regions-from {tmp_path}/out/scout/model" in hard and "data/webfaces/" in hard


def test_a_folder_without_photographs_is_refused_and_nothing_is_made(tmp_path, expect_refusal):
    folders = ["--data", tmp_path / "d", "--out", tmp_path / "o"]
    missing = tmp_path / "nowhere" / "celeba.jsonl"
    expect_refusal(
        "tools.recipes.real", ["--real", tmp_path / "nowhere", *folders], missing, "REAL"
    )
    assert not list(tmp_path.iterdir())


def test_descriptors_of_a_set_by_two_teachers_are_refused(real_plan, expect_refusal, tmp_path):
    real_plan("teacher/celeba_one.npz")
    (tmp_path / "real/teacher/celeba_two.npz").touch()
    folders = ["--real", tmp_path / "real", "--data", tmp_path / "d", "--out", tmp_path / "o"]
    expect_refusal("tools.recipes.real", folders, "celeba_two.npz", "celeba twice", "keep those")


def test_a_folder_without_photographs_is_refused(expect_refusal, tmp_path):
    folders = ["--real", tmp_path, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    arguments = [*folders, "--until", "sets"]
    expect_refusal("tools.recipes.real", arguments, "celeba.jsonl: no such file")


def test_fine_tuning_goes_through_the_folds_that_are_there(command, expect_refusal, tmp_path):
    names = ("fold_01", "fold_02", "fold_10", "all")
    for name in names:
        (tmp_path / "db/finetune/fddb" / name / "det").mkdir(parents=True)
    (tmp_path / "db/finetune/fddb/fold_01.old").mkdir()  # somebody's own
    folders = ["--db", tmp_path / "db", "--run", "joint", "--out", tmp_path / "runs"]
    command_line = ["tools.recipes.finetune", "fddb", "--profile", "tiny", *folders]
    commands, _ = shown(command, *command_line)
    assert len(commands) == 8
    for number, name in enumerate(names):
        train, fuse = commands[2 * number : 2 * number + 2]
        db, run = f"{tmp_path}/db/finetune/fddb/{name}", f"runs/fddb/{name}"
        assert f"--db {db} --out {tmp_path}/{run}" in train and "--init joint" in train
        assert f"--run joint --run {tmp_path}/{run} --out {tmp_path}/{run}/model" in fuse
    tuned = ["--fold", "2", "--iterations", "7", "--base-lr", "0.5", "--batch", "2"]
    commands, _ = shown(command, *command_line, *tuned)
    assert len(commands) == 2 and "fold_02" in commands[0]
    assert "--iterations 7 --base-lr 0.5 --batch 2" in commands[0]
    commands, _ = shown(command, *command_line, "--fold", "2", "--base-lr", "0.000123456789")
    assert "--base-lr 0.000123456789" in commands[0]
    commands, _ = shown(command, *command_line, "--fold", "all")
    assert len(commands) == 2 and "finetune/fddb/all" in commands[0]
    commands, _ = shown(command, *command_line, "--fold", "10 1")
    assert len(commands) == 4 and "fold_10" in commands[0] and "fold_01" in commands[2]
    module, *arguments = command_line
    expect_refusal(module, [*arguments, "--fold", "99"], "FOLD=99", "folds there: 1, 2, 10, all")
    expect_refusal(module, [*arguments, "--fold", "1 99"], "FOLD=1 99", "folds there: 1, 2, 10")
    expect_refusal(module, [*arguments, "--fold", " "], "FOLD= ", "folds there: 1, 2, 10")
    for fold in range(3, 10):
        (tmp_path / f"db/finetune/fddb/fold_{fold:02d}").mkdir()
    expect_refusal(module, [*arguments, "--fold", "99"], "FOLD=99", "folds there: 1 to 10")


def test_fine_tuning_without_a_database_or_for_an_unknown_set_is_refused(expect_refusal, tmp_path):
    folders = ["--db", tmp_path, "--run", "joint", "--out", tmp_path / "runs"]
    module = "tools.recipes.finetune"
    expect_refusal(module, ["fotw", *folders], "finetune/fotw: no such folder", "make data-fotw")
    (tmp_path / "finetune/fotw").mkdir(parents=True)
    expect_refusal(module, ["fotw", "--fold", "1", *folders], "FOLD=1", "leave FOLD out")
    expect_refusal(module, ["afw", *folders], "afw", "fddb, fotw, lap2015, fgnet")


def test_held_out_sets_are_drawn_before_a_model_is_measured(command, tmp_path):
    arguments = ["--model", "some/model", "--sets", tmp_path]
    commands, _ = shown(command, "tools.recipes.evaluate_synthetic", *arguments)
    assert "--count 600" in commands[0] and "--count 60 " in commands[1]
    assert "evaluate.synthetic --model some/model" in commands[2]
    # Not in the model's folder, which is replaced only where it holds nothing else.
    assert commands[2].split("--out ")[1].split()[0] == "some/model-eval/synthetic"


def test_a_model_that_does_not_exist_is_refused_before_anything_is_drawn(expect_refusal, tmp_path):
    arguments = ["--model", tmp_path / "none", "--sets", tmp_path / "sets"]
    expect_refusal("tools.recipes.evaluate_synthetic", arguments, tmp_path / "none", "make fuse")
    assert not (tmp_path / "sets").exists()
