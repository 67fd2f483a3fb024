"""Where Caffe's source comes from: given, git, Debian; on made archives and stand-in programs."""

import os
import tarfile
import zipfile

import pytest
from programs import program

from allinone import files
from allinone.errors import InputError
from tools.caffe_build import source

FAILING = "echo 'fatal: could not resolve host' >&2; exit 128"


@pytest.fixture
def tree(tmp_path):
    """A folder that looks like Caffe's source."""
    proto = tmp_path / "given" / source.LANDMARK
    proto.parent.mkdir(parents=True)
    proto.write_text("message NetParameter {}\n")
    return tmp_path / "given"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put shell scripts first on the path: programs(git="exit 1")."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def write(**texts):
        for name, text in texts.items():
            program(folder / name.replace("_", "-"), text)

    return write


def tarball(tree, path, inner=""):
    """Pack a source, below a folder `inner` where that is given."""
    with tarfile.open(path, "w:gz") as stream:
        for name in sorted(os.listdir(tree)):
            stream.add(tree / name, os.path.join(inner, name))
    return path


def has_source(folder):
    return (folder / source.LANDMARK).is_file()


def test_a_folder_is_copied_and_stays_as_it_is(tree, tmp_path):
    said = source.fetch(str(tree), str(tmp_path / "to"))
    assert has_source(tmp_path / "to") and has_source(tree) and str(tree) in said


@pytest.mark.parametrize("inner", ["", "caffe-master"])
def test_an_archive_is_unpacked(tree, tmp_path, inner):
    packed = tarball(tree, tmp_path / "caffe.tar.gz", inner)
    source.fetch(str(packed), str(tmp_path / "to"))
    assert has_source(tmp_path / "to")
    assert sorted(os.listdir(tmp_path)) == ["caffe.tar.gz", "given", "to"]


def test_a_zip_file_is_unpacked(tree, tmp_path):
    with zipfile.ZipFile(tmp_path / "caffe.zip", "w") as stream:
        stream.write(tree / source.LANDMARK, f"caffe-master/{source.LANDMARK}")
    source.fetch(str(tmp_path / "caffe.zip"), str(tmp_path / "to"))
    assert has_source(tmp_path / "to")


@pytest.mark.parametrize(
    "name, content, part",
    [
        ("nothing.tar.gz", None, "no such folder or archive"),
        ("text.tar.gz", b"not an archive", "cannot be unpacked"),
        (source.TARBALL, b"cut short", source.SHA256),
    ],
)
def test_what_is_no_source_is_refused(tmp_path, name, content, part):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as refusal:
        source.fetch(str(tmp_path / name), str(tmp_path / "to"))
    assert name in str(refusal.value) and part in str(refusal.value)
    assert not (tmp_path / "to").exists()


def test_an_archive_of_something_else_is_refused(tmp_path):
    other = tmp_path / "other" / "README.md"
    other.parent.mkdir()
    other.write_text("another project\n")
    packed = tarball(other.parent, tmp_path / "other.tar.gz")
    with pytest.raises(InputError, match="no source of Caffe"):
        source.fetch(str(packed), str(tmp_path / "to"))


def apt(tarball):
    """Return a stand-in for apt-get that has one mirror and hands out a tarball."""
    return f"""echo "$@" >> {tarball}.asked
case "$*" in
    *indextargets*) echo "Debian http://mirror.test/debian/"
        echo "Debian http://mirror.test/debian-security/"; echo "Other http://other.test/";;
    *" source "*) cp {tarball} {source.TARBALL};;
esac"""


def test_without_git_debians_package_is_used(tree, tmp_path, programs, monkeypatch):
    packed = tarball(tree, tmp_path / "caffe.tar.gz", "caffe-1.0")
    monkeypatch.setattr(source, "SHA256", files.sha256(packed))
    programs(git=FAILING, apt_get=apt(packed))
    said = source.fetch("", str(tmp_path / "to"))
    assert has_source(tmp_path / "to") and "99bd997-8" in said
    asked = (tmp_path / "caffe.tar.gz.asked").read_text()
    # apt's own sources and lists are left alone.
    assert f"Dir::Etc::sourcelist={tmp_path}/to.apt/sources.list" in asked
    assert "source --download-only caffe=1.0.0+git20180821.99bd997-8" in asked
    assert not (tmp_path / "to.apt").exists()


def test_a_wrong_tarball_is_refused(tree, tmp_path, programs):
    packed = tarball(tree, tmp_path / "caffe.tar.gz")
    programs(git=FAILING, apt_get=apt(packed))
    with pytest.raises(InputError) as refusal:
        source.fetch("", str(tmp_path / "to"))
    assert source.SHA256 in str(refusal.value) and files.sha256(packed) in str(refusal.value)


def test_the_commit_is_fetched_where_git_can(tmp_path, programs):
    landmark = tmp_path / "to" / source.LANDMARK
    fetched = f"mkdir -p {landmark.parent}; touch {landmark}"
    programs(git=f'case "$*" in *fetch*) echo "$@" > {tmp_path}/asked;; *) {fetched};; esac')
    said = source.fetch("", str(tmp_path / "to"))
    assert "9b891540" in said and source.COMMIT in (tmp_path / "asked").read_text()


def test_where_nothing_can_be_fetched_every_reason_and_the_mend_are_named(tmp_path, programs):
    programs(git=FAILING, apt_get="echo 'E: no mirror' >&2; exit 100")
    with pytest.raises(InputError) as refusal:
        source.fetch("", str(tmp_path / "to"))
    for part in ("could not resolve host", "E: no mirror", "CAFFE_SOURCE="):
        assert part in str(refusal.value)
    assert not (tmp_path / "to").exists()
