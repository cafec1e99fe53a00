"""That the benchmarks count right; how fast anything is, no test says."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import __main__ as command
from benchmarks import growth, load, packages, picture, scan, server, start
from benchmarks.timing import ratios, shown, spread, take_turns
from github_avatars.demo import GitHubStandIn
from github_avatars.picture import decoding


def test_contestants_take_turns_and_the_first_round_only_warms_up() -> None:
    turns: list[str] = []
    taken = take_turns({name: lambda name=name: turns.append(name) for name in ("floor", "ours")}, 3)
    assert turns == ["floor", "ours"] * 4
    assert {name: len(seconds) for name, seconds in taken.items()} == {"floor": 3, "ours": 3}


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == {"median": 3.0, "low": 2.0, "high": 4.0}
    assert ratios([2.0, 9.0, 4.0], [1.0, 3.0, 2.0]) == {"median": 2.0, "low": 2.0, "high": 2.5}
    assert shown({"median": 3, "low": 2, "high": 4}, 1) == "3.0 (2.0–4.0)"


def test_the_kinds_are_what_they_are_called() -> None:
    found = picture.kinds()
    assert [decoding.decode(data).size for data in found["default, PNG, 420 px"]] == [(420, 420)] * 72
    assert {data[:3] for data in found["custom, JPEG, 184 to 460 px"]} == {b"\xff\xd8\xff"}
    assert {decoding.decode(data).size for data in found["both, PNG, 64 px"]} == {(64, 64)}
    for kind in ("custom, PNG, 184 to 460 px", "custom, JPEG, 184 to 460 px"):
        sizes = [decoding.decode(data).width for data in found[kind]]
        assert 184 <= min(sizes) <= max(sizes) <= 460


def test_one_picture_is_timed_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    some = {kind: pictures[:2] for kind, pictures in picture.kinds().items() if "64" in kind}
    monkeypatch.setattr(picture, "kinds", lambda: some)
    monkeypatch.setattr(picture, "BATCH", 3)
    found = picture.measure(2)
    ((kind, compared),) = found["kinds"].items()
    for way in ("single", "batch"):
        assert {"decoding", "ours", "average hash, looked up", "v1", "v2"} <= compared[way].keys()
        assert compared[way]["decoding"]["ratio"]["median"] == 1
        assert all(one["ms"]["median"] > 0 for one in compared[way].values())
    assert picture.page(found).count(f"| {kind}") == 3


def test_an_average_hash_is_of_what_is_seen() -> None:
    default, custom = (picture.kinds()[kind][0] for kind in ("default, PNG, 420 px", "custom, JPEG, 184 to 460 px"))
    assert len(picture.average_hash(default)) == 8
    assert picture.average_hash(default) != picture.average_hash(custom)


def test_packages_are_those_that_the_image_installs_and_what_they_need() -> None:
    found = packages.measure(2)
    assert {"scipy", "numpy", "pillow", "cog", "coglet", "requests"} <= found["packages"].keys()
    assert not {"bokeh", "pytest", "matplotlib"} & found["packages"].keys()
    assert found["packages"]["scipy"]["bare"]
    assert packages.needs(["scikit-learn"]) >= {"scikit-learn", "scipy", "numpy", "joblib"}
    assert found["ours"]["bytes"] > 10_000
    assert "| scipy " in packages.page(found)


def test_the_server_is_put_under_load_beside_servers_that_do_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONCURRENCIES", (2,))
    monkeypatch.setattr(server, "LATENCIES", (0.025,))
    monkeypatch.setattr(server, "WARM_UP", 0.1)
    monkeypatch.setattr(server, "WINDOW", 0.5)
    found = server.measure(2)
    ((one,),) = (under["loads"] for under in found["latencies"])
    contestants = one["contestants"]
    assert list(contestants) == [server.NOTHING, server.FETCH, server.OURS, server.STANDIN]
    # Whoever fetches waits for two answers of the stand-in, which takes its time for each.
    assert all(contestants[name]["p50 ms"] > 50 for name in (server.FETCH, server.OURS, server.STANDIN))
    assert contestants[server.OURS]["a second"]["median"] <= 2 / 0.05
    assert re.search(r"^\| +50 \| +2 \| ours ", server.page(found), re.MULTILINE)


def test_a_wrong_answer_ends_the_load(github: GitHubStandIn) -> None:
    port = urlsplit(github.url).port or 0
    task = [load.question("GET", "/nobody.png", lambda status, _: status == 302)]
    with pytest.raises(load.WrongAnswer, match=r"GET /nobody\.png"):
        load.put(port, iter([task]), 1, 0, 0.1)


def test_a_start_lasts_until_the_first_answer() -> None:
    found = start.measure(2)
    for started in ("script/predict", "script/server"):
        assert found[started][start.LEARNING]["ratio"]["median"] == 1
        assert found[started][start.NOTHING]["ratio"]["median"] > 0
        assert found[started][start.OURS]["s"]["median"] > 0
    assert found["imports"]["predict"] > found["imports"]["numpy"] > 0
    assert re.search(r"^\| script/server +\| ours ", start.page(found), re.MULTILINE)


@pytest.mark.parametrize("codec", ["PNG", "JPEG"])
def test_the_largest_picture_is_one_that_is_judged(codec: str) -> None:
    assert decoding.decode(growth.shapes(growth.SIDES[-1], codec)).size == (3000, 3000)


def test_growth_is_of_time_and_of_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(growth, "SIDES", (256, 512))
    monkeypatch.setattr(growth, "COUNTS", (20, 40))
    monkeypatch.setattr(growth, "WORKS", {name: growth.WORKS[name] for name in ("nothing", "decoding", "ours")})
    found = growth.measure(2)
    assert [(one["codec"], one["side"]) for one in found["pictures"]] == [
        (codec, side) for codec in ("PNG", "JPEG") for side in (256, 512)
    ]
    large = found["pictures"][1]["mb"]
    assert all(megabytes < 10 for megabytes in large.values())
    assert [one["pictures"] for one in found["training"]] == [20, 40]
    assert all(one["seconds"] > 0 and one["mb"] > 50 for one in found["training"])
    assert re.search(r"^\| +40 \|", growth.page(found), re.MULTILINE)
    growth.draw(found, tmp_path)
    assert (tmp_path / growth.PLOT).read_text(encoding="utf-8").count("<svg") == 1


def test_the_exponent_of_growth() -> None:
    assert growth.slope([1, 10, 100], [2, 20, 200]) == pytest.approx(1)
    assert growth.slope([1, 100], [2, 20]) == pytest.approx(0.5)


def test_a_part_is_written_and_the_others_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_time = {"median": 1.0, "low": 1.0, "high": 1.0}
    sizes = [
        {"side": side, "codec": codec, "ms": {"decoding": a_time, "ours": a_time}, "mb": {"ours": 1.0}}
        for codec in ("PNG", "JPEG")
        for side in (256, 512)
    ]
    trained = [{"pictures": count, "seconds": count / 10, "mb": 99.0} for count in (20, 40)]
    kept = {"growth": {"made": command.machine(), "measured": {"pictures": sizes, "training": trained}}}
    (tmp_path / "benchmarks.json").write_text(json.dumps(kept))
    assert command.main(["packages", "--docs", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "Measuring: packages …\n"
    found = json.loads((tmp_path / "benchmarks.json").read_text())
    assert found["growth"] == kept["growth"]
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert page.index("## The image") < page.index("## Growth")
    assert page == command.page(found)


def test_the_shipped_page_is_what_its_data_say() -> None:
    found = json.loads((command.ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    assert "picture" in found
    assert (command.ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == command.page(found)


@pytest.mark.parametrize(
    ("words", "said"), [(["nothing"], "there is no part nothing"), (["--rounds", "1"], "at least 2")]
)
def test_wrong_words_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(words)
    assert said in capsys.readouterr().err


def test_what_cannot_be_gone_on_with_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "benchmarks.json").write_text("{")
    assert command.main(["packages", "--docs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "benchmarks.json is not JSON" in said
    assert (tmp_path / "benchmarks.json").read_text() == "{"


# Scan


def test_a_scan_is_measured_beside_its_floor_and_by_size_and_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "ACCOUNTS", 24)
    monkeypatch.setattr(scan, "COUNTS", (6, 30))
    found = scan.measure(2)
    assert found["beside"][scan.LOOP]["ratio"]["median"] == 1
    assert set(found["beside"]) == {scan.LOOP, scan.THREADS, scan.PROCESSES}
    assert found["sizes"]["bytes"]["64"] < found["sizes"]["bytes"]["full"] / 5
    assert found["sizes"]["differ"] == 0
    assert [one["accounts"] for one in found["memory"]] == [6, 30]
    assert all(one["mb"] > 20 for one in found["memory"])
    assert [name in scan.page(found) for name in (scan.LOOP, scan.THREADS, scan.PROCESSES)] == [True] * 3
