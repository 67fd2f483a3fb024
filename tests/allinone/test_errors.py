"""What of a command's errors reaches the user."""

import errno
import os
import subprocess
import sys

import pytest
from conftest import ROOT

from allinone.errors import PIPE_CLOSED, InputError, command
from allinone.interrupts import INTERRUPTED


def ended(error, capsys):
    """Return (exit code, what was said) of a command that ends with an error."""

    @command
    def main(argv=None):
        raise error

    return main(), capsys.readouterr().err


def provoked(act, capsys):
    """Return what a command says of the OSError of an action that the system refuses."""

    @command
    def main(argv=None):
        act()

    assert main() == 2
    return capsys.readouterr().err


def test_bad_input_is_its_sentence(capsys):
    assert ended(InputError("x.json: wrong"), capsys) == (2, "error: x.json: wrong\n")


def test_ctrl_c_is_130(capsys):
    assert ended(KeyboardInterrupt(), capsys)[0] == INTERRUPTED


def test_what_the_system_refuses_names_file_and_mend(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    cases = {
        "none": (lambda: open(tmp_path / "none"), "No such file", "check the path"),
        "full": (lambda: open(tmp_path / "full"), "Is a directory", "rename the folder"),
        "file/x": (lambda: open(tmp_path / "file" / "x"), "Not a directory", "part of the path"),
        "file": (lambda: os.mkdir(tmp_path / "file"), "File exists", "rename it"),
        "long" * 99: (lambda: open(tmp_path / ("long" * 99), "w"), "too long", "a shorter one"),
        "full/": (lambda: os.rmdir(tmp_path / "full"), "not empty", "rename it"),
    }
    for name, (act, what, mend) in cases.items():
        said = provoked(act, capsys)
        assert said.startswith("error: ") and said.count("\n") == 1
        assert str(tmp_path / name) in said and what in said and mend in said


@pytest.mark.parametrize(
    "number, mend",
    [
        (errno.EACCES, "chmod"),
        (errno.EPERM, "chmod"),
        (errno.EROFS, "can be written"),
        (errno.ENOSPC, "free space"),
        (errno.EDQUOT, "free space"),
        (errno.EMFILE, "ulimit"),
        (errno.EIO, "the disk"),
    ],
)
def test_what_only_another_user_or_disk_refuses_has_its_mend_too(number, mend, capsys):
    for name in ("db/x", b"db/\xff"):
        code, said = ended(OSError(number, os.strerror(number), name), capsys)
        assert code == 2 and os.strerror(number) in said and mend in said and "db/" in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_below_an_open_file_is_a_sentence(number, capsys):
    code, said = ended(OSError(number, os.strerror(number)), capsys)
    assert code == 2 and os.strerror(number) in said


@pytest.mark.parametrize("error", [ValueError("a mistake"), OSError(errno.EBADF, "no descriptor")])
def test_mistakes_of_the_programmer_are_not_hidden(error, capsys):
    with pytest.raises(type(error)):
        ended(error, capsys)


def process(code, **more):
    """Start Python code whose main() is a command."""
    text = f"from allinone.errors import command\n@command\ndef main(argv=None):\n{code}"
    text += "\nimport sys; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def test_a_reader_that_goes_away_is_no_error():
    """As of `command | head -1`."""
    one = process("    for number in range(100000): print('line', number)")
    assert one.stdout.readline() == b"line 0\n"
    one.stdout.close()
    assert one.wait() == PIPE_CLOSED and one.stderr.read() == b""


def test_names_that_are_not_utf8_are_printed():
    one = process(r"    print(b'a\xff.jpg'.decode('utf-8', 'surrogateescape'), '\ud800 –')")
    said, error = one.communicate()
    assert one.returncode == 0 and error == b""
    assert said == "a\\udcff.jpg \\ud800 –\n".encode()
