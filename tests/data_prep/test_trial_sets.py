"""Drawn sets in the layouts of real ones: the command, on sets of which all but one are there."""

from data_prep import layouts, reader, trial_sets


def test_there_is_a_writer_for_every_set_that_a_tower_or_benchmark_uses():
    used = {name for name in reader.names() if name not in ("custom", "utkface")}
    assert set(trial_sets.SIZES) == used <= set(layouts.WRITERS)
    assert set(layouts.SCENES) <= used


def test_the_command_draws_what_is_not_there(command, expect_refusal, tmp_path):
    for name in set(trial_sets.SIZES) - {"morph"}:
        (tmp_path / name).mkdir()
    done = command("data_prep.drawn_sets", "--out", tmp_path, "--scale", 0)
    assert done.returncode == 0 and "morph" in done.stdout.splitlines(), done.stderr
    assert len(list((tmp_path / "morph" / "Album2").iterdir())) == 20
    assert "They are not that set" in (tmp_path / "morph" / layouts.DRAWN).read_text()
    assert not list((tmp_path / "celeba").iterdir())
    for scale in ("-1", "nan", "inf"):
        arguments = ["--out", tmp_path, f"--scale={scale}"]
        expect_refusal("data_prep.drawn_sets", arguments, "--scale must be a number from 0")
