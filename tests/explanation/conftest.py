"""Pictures of all kinds to explain."""

import pytest
from PIL import Image

from tests.explanation.pictures import PICTURES


@pytest.fixture(params=PICTURES)
def picture(request: pytest.FixtureRequest) -> Image.Image:
    return PICTURES[request.param]()
