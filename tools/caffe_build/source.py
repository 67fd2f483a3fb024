"""Caffe's source: given, else cloned, else Debian's source package of the same commit."""

import os
import shutil
import subprocess
import tarfile
import zipfile

from allinone import files
from allinone.errors import InputError

UPSTREAM = "https://github.com/BVLC/caffe.git"
COMMIT = "9b891540183ddc834a02b2bd81b31afae71b2153"  # master, the last one
PACKAGE = "caffe=1.0.0+git20180821.99bd997-8"
SUITE = "bullseye"  # the last Debian with this package's source
TARBALL = "caffe_1.0.0+git20180821.99bd997.orig.tar.gz"
SHA256 = "e0eb3f06794f7402c77b7dec8e8480273ee1a1bb192e9122b621a69d4147ad0c"
LANDMARK = "src/caffe/proto/caffe.proto"  # what every source of Caffe has
SLOWEST = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30")
GIVE_IT = "give the source of BVLC/caffe as a folder or an archive with CAFFE_SOURCE="


def fetch(given, folder):
    """Put Caffe's source into `folder`, which is made anew; return in words where it is from.

    given: folder or archive, or "" to fetch it. InputError where it cannot be had.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if given:
        return take(given, folder)
    reasons = []
    for way in (clone, debian):
        try:
            return way(folder)
        except Unreachable as error:
            print(f"  {error}", flush=True)
            reasons.append(str(error))
            shutil.rmtree(folder, ignore_errors=True)
    raise InputError(f"Caffe's source cannot be fetched: {'; '.join(reasons)}; {GIVE_IT}")


class Unreachable(Exception):
    """Says why one of the ways to the source does not work here."""


def take(given, folder):
    """Copy or unpack a source that is given."""
    if os.path.isdir(given):
        root = root_of(given, given)
        ignored = shutil.ignore_patterns(".git", "build")
        shutil.copytree(root, folder, ignore=ignored)
        return named(given)
    if not os.path.isfile(given):
        raise InputError(f"CAFFE_SOURCE={given}: no such folder or archive")
    if os.path.basename(given) == TARBALL:
        check_sum(given)
    unpack(given, folder)
    return named(given)


def named(given):
    """Return in words a source that is given."""
    return f"the {'folder' if os.path.isdir(given) else 'archive'} {os.path.abspath(given)}"


def root_of(folder, named):
    """Return the folder with the source: `folder`, or the only one in it."""
    inner = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    for root in (folder, *(inner if len(inner) == 1 else ())):
        if os.path.isfile(os.path.join(root, LANDMARK)):
            return root
    raise InputError(f"CAFFE_SOURCE={named}: no source of Caffe, it has no {LANDMARK}")


def check_sum(path):
    """Raise InputError unless a file is Debian's tarball, byte by byte."""
    found = files.sha256(path)
    if found != SHA256:
        raise InputError(
            f"{path}: sha256 is {found}, not {SHA256}: damaged or another file; fetch it again"
        )


def unpack(archive, folder):
    """Unpack an archive and move the source in it to `folder`."""
    heap = f"{folder}.unpacked"
    shutil.rmtree(heap, ignore_errors=True)
    try:
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as stream:
                stream.extractall(heap)
        else:
            with zipfile.ZipFile(archive) as stream:
                stream.extractall(heap)
        os.rename(root_of(heap, archive), folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"CAFFE_SOURCE={archive}: cannot be unpacked ({error})") from None
    finally:
        shutil.rmtree(heap, ignore_errors=True)


def run(words, why, **options):
    """Run a program that fetches; Unreachable, with its last words, where it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=900, **options)
    except FileNotFoundError:
        raise Unreachable(f"{why}: no program {words[0]} here") from None
    except subprocess.TimeoutExpired:
        raise Unreachable(f"{why}: not finished after 15 minutes") from None
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        raise Unreachable(f"{why}: {told[-1]}")
    return done.stdout


def clone(folder):
    """Fetch the one commit from upstream."""
    print(f"  fetching commit {COMMIT[:8]} of {UPSTREAM}", flush=True)
    why, quiet = "git", {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    run(["git", "init", "-q", folder], why)
    fetching = ["git", *SLOWEST, "-C", folder, "fetch", "-q", "--depth", "1", UPSTREAM, COMMIT]
    run(fetching, why, env=quiet)
    run(["git", "-C", folder, "checkout", "-q", COMMIT], why)
    return f"{UPSTREAM} {COMMIT[:8]}"


def mirrors():
    """Return the addresses of the Debian archives that apt is set up with."""
    form = ["--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    lines = run(["apt-get", "indextargets", *form], "apt").splitlines()
    found = [line.split()[-1] for line in lines if line.startswith("Debian ")]
    return sorted({uri for uri in found if "security" not in uri})


def debian(folder):
    """Fetch Debian's source package, from the mirror that apt is set up with."""
    found = mirrors()
    if not found:
        raise Unreachable("apt: no Debian archive is set up here (apt-get update?)")
    print(f"  fetching Debian's source package {PACKAGE} ({SUITE})", flush=True)
    heap = os.path.abspath(f"{folder}.apt")
    shutil.rmtree(heap, ignore_errors=True)
    os.makedirs(os.path.join(heap, "lists", "partial"))
    try:
        with open(os.path.join(heap, "sources.list"), "w", encoding="utf-8") as stream:
            stream.writelines(f"deb-src {uri} {SUITE} main\n" for uri in found)
        own = (("Etc::sourcelist", "sources.list"), ("State::lists", "lists"), ("Cache", "cache"))
        apt = ["apt-get", "-q", "-o", "Dir::Etc::sourceparts=-"]
        for name, place in own:  # apt's own lists and sources stay as they are
            apt += ["-o", f"Dir::{name}={os.path.join(heap, place)}"]
        run([*apt, "update"], "apt")
        run([*apt, "source", "--download-only", PACKAGE], "apt", cwd=heap)
        tarball = os.path.join(heap, TARBALL)
        check_sum(tarball)
        unpack(tarball, folder)
    finally:
        shutil.rmtree(heap, ignore_errors=True)
    return f"Debian's source package {PACKAGE}"
