"""The command measures single parts and writes the page, and the shipped page is current."""

import json
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.__main__ import main


def test_shipped_page_is_current() -> None:
    assert page.load_results(page.DOCS).keys() == page.PARTS.keys()
    assert page.PATH.read_text(encoding="utf-8") == page.page()


def test_a_measured_part_is_replaced_and_the_others_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = page.load_results(page.DOCS)
    (tmp_path / "benchmarks.json").write_text(json.dumps(shipped))
    monkeypatch.setattr(page.PARTS["packages"], "measure", lambda rounds: {"packages": {"numpy": rounds * 1_000_000}})
    assert main(["packages", "--rounds", "7", "--docs", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "Measuring packages …\n"
    results = page.load_results(tmp_path)
    assert results["packages"]["measured"] == {"packages": {"numpy": 7_000_000}}
    assert {"date", "machine", "python", "numpy"} <= results["packages"]["made"].keys()
    assert results == shipped | {"packages": results["packages"]}
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert text == page.render(results)
    assert "take 7.0 MB" in text


def test_a_page_of_some_parts_omits_the_others() -> None:
    shipped = page.load_results(page.DOCS)
    text = page.render({name: shipped[name] for name in ("growth", "packages")})
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## The image", "## Growth"]


@pytest.mark.parametrize(
    ("words", "message"), [(["nothing"], "unknown part nothing"), (["--rounds", "1"], "--rounds must be at least 2")]
)
def test_invalid_arguments_are_usage_errors(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert message in capsys.readouterr().err


def test_damaged_results_are_an_error_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "benchmarks.json").write_text("{")
    assert main(["packages", "--docs", str(tmp_path)]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "benchmarks.json is not JSON" in message
    assert (tmp_path / "benchmarks.json").read_text() == "{"
