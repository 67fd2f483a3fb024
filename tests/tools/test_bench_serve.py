"""The load on a service: what its clients count, and what is judged of it."""

import collections

import pytest

from tools.timing.load import Seen, in_words, is_well


def seen(memory, seconds=300, **failed):
    times = [number / 100 for number in range(1, 101)]
    return Seen(seconds, times, collections.Counter(failed), memory)


def test_a_short_run_answers_every_client(command):
    done = command("tools.bench_serve", "--clients", 2, "--minutes", 0.001)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed        none" in done.stdout and "p50, p99" in done.stdout


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--clients", "0"], "--clients 0: must be a whole number"),
        (["--model", "nowhere"], "the service has not started"),
    ],
)
def test_what_cannot_run_is_a_sentence(expect_refusal, arguments, sentence):
    expect_refusal("tools.bench_serve", arguments, sentence)


def test_failures_and_memory_that_grows_are_no_good_end():
    flat, growing = [300] * 60, [*range(300, 360)]
    assert is_well(seen(flat)) and not is_well(seen(growing))
    assert is_well(seen([100, 200, *[300] * 58]))  # what is there from the first part on counts
    assert is_well(seen(growing, seconds=5))
    assert not is_well(seen(flat, timeout=1))
    assert not is_well(Seen(300, [], collections.Counter(), flat))


def test_the_figures_by_hand():
    lines = "\n".join(in_words(seen([300] * 50 + [310] * 10, gone=2)))
    assert "100, 0.3 a second" in lines and "2 times gone" in lines
    assert "0.51 s, 0.99 s" in lines and "300 MiB, at the end 310 MiB" in lines
