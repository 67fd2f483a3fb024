"""Mini-batches that no memory holds are refused before Caffe aborts."""

import pytest

from allinone.errors import InputError
from tools.training import memory, settings
from tools.training.options import Options


def made(**options):
    return settings.make(Options(db="db", out="run", **options))


@pytest.mark.parametrize("profile", ["tiny", "small", "paper"])
@pytest.mark.parametrize("job", ["joint", "hyperface"])
def test_the_usual_mini_batches_fit(profile, job, monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 << 30)
    memory.check(made(profile=profile, job=job))


def test_more_than_the_machine_has_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 << 30)
    with pytest.raises(InputError, match="need [0-9]+ GiB of memory at least, there are 16"):
        memory.check(made(profile="tiny", batch=900))
    with pytest.raises(InputError, match="there are 16; lower --batch"):
        memory.check(made(profile="paper", cores=8, batch=4))


def test_a_blob_that_caffe_cannot_count_is_refused_on_gpus_too():
    with pytest.raises(InputError, match="tower det .* more than Caffe's 2147483647"):
        memory.check(made(profile="paper", batch=500, gpu="0"))
