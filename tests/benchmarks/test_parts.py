"""Each part measures what its name says, at a small size. No test asserts a speed."""

from pathlib import Path

import pytest

from benchmarks import against, budget, growth, packages, picture, scaling, scan, server, start, verification
from github_avatars.errors import BadOption
from github_avatars.picture import decoding
from tests.support.processes import ROOT


def test_pictures_have_the_format_and_the_size_of_their_kind() -> None:
    kinds = picture.load_pictures()
    assert {decoding.decode(data).size for data in kinds["default, PNG, 420 px"]} == {(420, 420)}
    assert {data[:3] for data in kinds["custom, JPEG, 184 to 460 px"]} == {b"\xff\xd8\xff"}
    assert {decoding.decode(data).size for data in kinds["both, PNG, 64 px"]} == {(64, 64)}
    for kind in ("custom, PNG, 184 to 460 px", "custom, JPEG, 184 to 460 px"):
        sizes = [decoding.decode(data).width for data in kinds[kind]]
        assert 184 <= min(sizes) <= max(sizes) <= 460


def test_verification_compares_proofs_and_verdicts_with_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    files = verification.load_identicons()
    monkeypatch.setattr(verification, "load_identicons", lambda: files[:2])
    results = verification.measure(2)
    assert (results["rounds"], results["files"]) == (2, 2)
    assert list(results["candidates"]) == [
        "decoding with Pillow",
        *("proof, zlib-ng", "verdict, zlib-ng"),
        *("proof, zlib", "verdict, zlib"),
    ]
    assert results["candidates"]["decoding with Pillow"]["ratio"]["median"] == 1
    assert "| proof, zlib-ng " in verification.section(results)


def test_picture_compares_checkouts_with_decoding_one_by_one_and_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, files = next(iter(picture.load_pictures().items()))
    monkeypatch.setattr(picture, "load_pictures", lambda: {kind: files[:2]})
    monkeypatch.setattr(picture, "BATCH", 3)
    with against.checkout("HEAD") as other:
        assert (other.root / "model.pkl").exists()
        results = picture.measure(2, other)
    assert not other.root.exists()
    assert other.name.startswith("commit ")
    for way in results["kinds"][kind].values():
        assert list(way) == [picture.OURS, other.name, picture.DECODING]
        assert all(values["ms"]["low"] > 0 for values in way.values())
        assert way[picture.DECODING]["ratio"]["median"] == 1
    section = picture.section(results)
    assert f"| {kind}  " in section
    assert f"| {kind}, {other.name} |" in section


def test_worker_runs_the_code_of_its_checkout(tmp_path: Path) -> None:
    package = tmp_path / "github_avatars"
    (package / "scan").mkdir(parents=True)
    (package / "github").mkdir()
    (package / "__init__.py").write_text("def classify(data): raise ValueError(data)\nclassify_all = len\n")
    (package / "github/__init__.py").write_text("Account = GitHub = None\n")
    (package / "scan/__init__.py").write_text("Scan = ScanOptions = None\n")
    files = tmp_path / "files"
    files.mkdir()
    (files / "1").write_bytes(b"picture")
    with against.worker(against.Checkout("other", tmp_path)) as worker:
        assert worker.call("batch", folder=str(files), count=3) >= 0
        with pytest.raises(RuntimeError, match="the worker failed in single"):
            worker.call("single", folder=str(files), count=3)


def test_unknown_commit_is_refused() -> None:
    with pytest.raises(BadOption, match="--against nothing: git reports"), against.checkout("nothing"):
        pass


def test_budget_is_compared_with_unlimited_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "AVATARS", 10)
    shipped = decoding.BUDGET
    results = budget.measure(2)
    assert decoding.BUDGET is shipped
    limited, unlimited = (results["huge"][name]["mb"] for name in ("the budget", "unlimited"))
    assert 2 * limited < unlimited
    assert "| the budget " in budget.section(results)


def test_packages_are_the_dependencies_of_the_library_and_of_cog() -> None:
    results = packages.measure(2)
    assert {"numpy", "pillow", "cog", "coglet", "requests"} <= results["packages"].keys()
    assert not {"bokeh", "pytest", "github-avatars"} & results["packages"].keys()
    assert results["packages"]["numpy"] > 1_000_000
    assert packages.with_dependencies(["scikit-learn"]) >= {"scikit-learn", "scipy", "numpy", "joblib"}
    total = sum(results["packages"].values()) / 1e6
    assert f"take {total:.1f} MB" in packages.section(results)


@pytest.mark.alone
def test_server_is_compared_with_one_that_only_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONCURRENCIES", (2,))
    monkeypatch.setattr(server, "LATENCIES", (0.025,))
    monkeypatch.setattr(server, "WARM_UP", 0.1)
    monkeypatch.setattr(server, "WINDOW", 0.5)
    results = server.measure(2, against.Checkout("other", ROOT))
    ((measured,),) = (latency["loads"] for latency in results["latencies"])
    assert list(measured["contestants"]) == [server.FETCHING, server.OURS, "other"]
    # Each prediction waits for two responses of the stand-in, which take 25 ms each.
    assert all(values["p50 ms"] > 50 for values in measured["contestants"].values())
    assert all(values["processor ms"]["low"] > 0 for values in measured["contestants"].values())
    assert measured["contestants"][server.OURS]["a second"]["median"] <= 2 / 0.05
    assert "|          50 |           2 | ours " in server.section(results)


def test_start_measures_both_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        start, "alternate", lambda candidates, _: {name: [run()] * 2 for name, run in candidates.items()}
    )
    results = start.measure(2, against.Checkout("other", ROOT))
    assert list(results["script/server"]) == [start.OURS, start.SCIKIT_LEARN, "other"]
    assert all(values["s"]["low"] > 0 for values in results["script/server"].values())
    assert "| imports scikit-learn |" in start.section(results)
    names = ("github-avatars --help", "github-avatars predict FILE")
    assert list(results["commands"]) == [start.IMPORTS, *names, *(f"{name}, other" for name in names)]
    assert "| github-avatars predict FILE, other " in start.section(results)


def test_growth_measures_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SIDES", (256, 2048))
    monkeypatch.setattr(growth, "COUNTS", (15, 30))
    monkeypatch.setattr(growth, "processor_seconds", lambda candidates, _: {name: [0.1, 0.2] for name in candidates})
    results = growth.measure(2)
    sides = [(codec, side) for codec in ("PNG", "JPEG") for side in (256, 2048)]
    assert [(each["codec"], each["side"]) for each in results["pictures"]] == sides
    small, large = (each["mb"]["decoding"] for each in results["pictures"][:2])
    assert small < 5 < 12 <= large < 60, "2048×2048 RGB pixels are 12.6 MB"
    assert [run["pictures"] for run in results["training"]] == [15, 30]
    assert all(run["seconds"] > 0 and run["mb"] > 50 for run in results["training"])
    assert "|                30 |" in growth.section(results)


def test_exponent_of_growth() -> None:
    assert growth.exponent([1, 10, 100], [2, 20, 200]) == pytest.approx(1)
    assert growth.exponent([1, 100], [2, 20]) == pytest.approx(0.5)


def test_scan_is_compared_with_downloading_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "ACCOUNTS", 24)
    monkeypatch.setattr(scan, "PROFILES", (24,))
    results = scan.measure(2, against.THIS)
    assert [values["requests"] for values in results["methods"].values()] == [2 * 24, 24 + 12, 24 + 1]
    assert results["profiles"][0]["memory"] > 10_000_000
    assert list(results["by_login"]) == [scan.DOWNLOAD, scan.BY_HAND, scan.SCAN, f"{scan.SCAN}, ours"]
    assert all(values["ms"]["low"] > 0 for values in results["by_login"].values())
    assert results["sizes"]["bytes"]["64"] < results["sizes"]["bytes"]["full"] / 5
    assert results["sizes"]["differ"] == 0
    assert all(name in scan.section(results) for name in results["by_login"])


def test_rate_of_a_scan_on_ray_excludes_the_start() -> None:
    runs = [
        {"workers": workers, "accounts": accounts, "seconds": 30 + accounts / 100 / workers}
        for accounts in scaling.COUNTS
        for workers in scaling.WORKERS
    ]
    rows = scaling.section({"runs": runs}).splitlines()[-2:]
    assert [row.split("|")[-2].strip() for row in rows] == ["100", "200"]
