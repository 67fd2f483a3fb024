"""What the tests of the service share: a picture as bytes, applications without a net."""

import pytest
from picture_files import encoded
from service_calls import LIKENESS, StandIn

from allinone.service.app import build
from allinone.service.people import People
from allinone.service.settings import Limits, Settings


@pytest.fixture(scope="session")
def jpeg():
    """The bytes of a photograph of 160 by 120 pixels."""
    return encoded("JPEG")


@pytest.fixture
def make_app(tmp_path):
    """Give a function that makes an application, with limits and settings by name, that works.

    Its analyzer, a stand-in, is app.state.service.analyzer.
    """
    apps = []

    def make(token="", folder=None, workers=1, **limits):
        settings = Settings(token=token, limits=Limits(**limits), workers=workers)
        app = build(StandIn(), LIKENESS, 0.6, People(folder, LIKENESS), settings)
        app.state.service.batches.start()
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.state.service.analyzer.lets.set()
        app.state.service.batches.stop()
