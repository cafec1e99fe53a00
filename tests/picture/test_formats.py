"""Every text and every page that lists the formats agrees with the table of formats."""

import re

from github_avatars.errors import NotAPicture
from github_avatars.picture.formats import FORMATS, NAMES
from tests.support.processes import ROOT


def test_texts_list_all_formats() -> None:
    assert NAMES == "PNG, JPEG, WebP, AVIF or GIF"
    assert NAMES in NotAPicture.remedy
    assert NAMES in (NotAPicture.__doc__ or "")
    assert NAMES in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def test_page_accepts_all_formats() -> None:
    page = (ROOT / "github_avatars" / "web" / "page" / "index.html").read_text(encoding="utf-8")
    (accepted,) = re.findall(r' accept="([^"]*)"', page)
    assert accepted.split(",") == [each.media_type for each in FORMATS]
