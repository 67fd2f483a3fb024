"""Drawn sets in the layouts of real ones: the command, on sets of which all but one are there."""

from data_prep import conversion, layouts, reader, trial_sets


def test_every_layout_of_a_training_set_or_benchmark_is_drawn():
    assert {*trial_sets.SIZES, "custom", "utkface"} == set(layouts.WRITERS)
    assert set(layouts.SCENES) < set(layouts.WRITERS) <= set(reader.names())


def test_the_command_draws_what_is_not_there(command, expect_refusal, tmp_path):
    for name in set(trial_sets.SIZES) - {"morph"}:
        (tmp_path / name).mkdir()
    done = command("data_prep.drawn_sets", "--out", tmp_path, "--scale", 0)
    assert done.returncode == 0 and "morph" in done.stdout.splitlines(), done.stderr
    assert len(list((tmp_path / "morph" / "Album2").iterdir())) == 20
    assert "They are not that set" in (tmp_path / "morph" / conversion.DRAWN).read_text()
    assert not list((tmp_path / "celeba").iterdir())
    for scale in ("-1", "nan", "inf"):
        arguments = ["--out", tmp_path, f"--scale={scale}"]
        expect_refusal("data_prep.drawn_sets", arguments, "--scale", "must be a number from 0")
