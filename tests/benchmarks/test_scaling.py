"""docs/scaling.md: that it is what was measured, and that its arithmetic is right."""

import json
import re

from benchmarks import scaling

PAGE = scaling.PAGE.read_text(encoding="utf-8")
FOUND = json.loads(scaling.DATA.read_text(encoding="utf-8"))


def test_the_page_is_what_was_measured() -> None:
    assert scaling.page(FOUND) == PAGE, "stale: run .venv/bin/python -m benchmarks.scaling"


def test_a_rate_is_without_the_start() -> None:
    runs = [{"workers": 2, "accounts": n, "seconds": 30 + n / 100} for n in (scaling.FEW, scaling.MANY)]
    assert scaling.rate({"runs": runs}, 2) == 100


def test_the_arithmetic_that_is_shown_is_right() -> None:
    shown = re.findall(r"([\d,]+) × \(?([\d,.]+)(?: \+ ([\d,]+)\))?( ms)? = ([\d,.]+) (GB|core hours)", PAGE)
    assert len(shown) == 5
    for count, each, more, milliseconds, result, unit in shown:
        one, other = (float(number.replace(",", "") or 0) for number in (each, more))
        total = float(count.replace(",", "")) * (one + other)
        expected = total / 1000 / 3600 if milliseconds else total / 1e9
        # What is multiplied is rounded as it is shown.
        assert abs(float(result.replace(",", "")) - expected) / expected < 0.05, (count, each, result, unit)


def test_the_commands_are_those_that_there_are() -> None:
    cli = (scaling.ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for option in re.findall(r"(?<!-)--[a-z]+(?:-[a-z]+)*", PAGE):
        assert f"`{option}" in cli, option
