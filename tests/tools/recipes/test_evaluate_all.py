"""The recipe that measures on all benchmarks: which are left out, refused or fail."""


def test_all_benchmarks_without_sets_are_named_and_measure_nothing(command, tmp_path):
    done = command("tools.recipes.evaluate_all", "--data", tmp_path, "--out", tmp_path / "eval")
    assert done.returncode == 0, done.stderr
    assert f"fddb: {tmp_path}/fddb is not there" in done.stdout
    assert "ijba:" in done.stdout and not (tmp_path / "eval").exists()


def test_a_benchmark_that_fails_stops_no_other_and_is_named(command, tmp_path):
    for name in ("afw", "pascal"):
        (tmp_path / "data" / name).mkdir(parents=True)
    arguments = ["--data", tmp_path / "data", "--out", tmp_path / "eval", "--model", tmp_path]
    done = command("tools.recipes.evaluate_all", *arguments)
    assert done.returncode == 2 and "error: not measured: " in done.stderr
    assert "afw" in done.stderr and "pascal" in done.stderr and "Traceback" not in done.stderr
    done = command("tools.recipes.evaluate_all", "afw", *arguments)
    assert done.returncode == 2 and "not measured" not in done.stderr


def test_an_unknown_benchmark_and_a_score_that_it_has_not_are_refused(expect_refusal, tmp_path):
    module, out = "tools.recipes.evaluate_all", ["--out", tmp_path / "eval"]
    expect_refusal(module, ["imagenet", *out], "no benchmark 'imagenet'", "fddb")
    expect_refusal(module, ["fddb", "--score", "aligned", *out], "SCORE=aligned", "fddb")
