"""Builds the sdist and the wheel, installs the wheel into new environments, and runs every command there.

`script/release` runs this. It needs uv and hatchling, and nothing else of the project's environment, so that continuous
integration runs it on every platform.
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = (sys.executable, "-m", "uv")
TIMEOUT = 300.0
"""Seconds that a command may take."""


def build(folder: Path, source: Path = ROOT) -> tuple[Path, Path]:
    """Build the sdist and the wheel of `source` in `folder`. Fails if the sdist builds another wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    run([*command, "--target", "sdist", "--target", "wheel"], source)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(sdist) as archive:
            archive.extractall(temporary, filter="data")
        second = Path(temporary) / "dist"
        run([*command[:-1], str(second), "--target", "wheel"], Path(temporary) / sdist.name.removesuffix(".tar.gz"))
        assert (second / wheel.name).read_bytes() == wheel.read_bytes(), "the sdist builds another wheel"
    return sdist, wheel


def install(wheel: Path, folder: Path, extra: str = "", version: str = sys.executable) -> Path:
    """Install the wheel, with an extra, into a new environment, compiled as pip does, and return its Python.

    `version` is a version of Python or a path, as for `uv venv --python`.
    """
    run([*UV, "venv", "--quiet", "--python", version, str(folder)])
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    target = f"github-avatars[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    run([*UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), target])
    return python


def run(command: list[str], folder: Path = ROOT, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that must succeed."""
    process = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, encoding="utf-8"
    )
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{process.stdout}{process.stderr}")
    return process


@dataclass
class Installation:
    """An installed wheel, and a folder in which its commands run."""

    python: Path
    folder: Path
    extras: frozenset[str]
    github_url: str = ""
    commands: set[str] = field(default_factory=set)
    """The commands that have run."""

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start github-avatars."""
        self.commands.add(" ".join(words[: 2 if words[0] == "dataset" else 1]))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GITHUB_"))}
        environment |= {"GITHUB_URL": self.github_url, "PYTHONUTF8": "1"}
        program = self.python.with_name("github-avatars" + self.python.suffix)
        return subprocess.Popen(
            [program, *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def call(self, *words: str, extra: str = "", code: int = 0) -> str:
        """Run github-avatars and return its output. Without the extra, it must name the extra in one line."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=TIMEOUT)
        if extra and extra not in self.extras:
            message = rf"error: The package \w+ is missing: pip install 'github-avatars\[{extra}\]'\n"
            assert (process.returncode, out) == (1, ""), (words, out, err)
            assert re.fullmatch(message, err), (words, err)
        else:
            assert process.returncode == code, (words, out, err)
            assert "Warning" not in err, (words, err)
            assert "Traceback" not in err, (words, err)
        return out

    @contextmanager
    def serve(self, *words: str) -> Iterator[str]:
        """Run github-avatars until the end of this context, with the address that it prints."""
        with self.start(*words) as process:
            try:
                assert process.stdout
                address = process.stdout.readline().strip()
                assert address.startswith("http://127.0.0.1:"), (words, process.communicate())
                yield address
            finally:
                process.terminate()
            process.communicate(timeout=TIMEOUT)
            assert os.name == "nt" or process.returncode == 0, words


def check(python: Path, folder: Path, extras: frozenset[str]) -> list[tuple[str, float]]:
    """Run every command in an empty folder, against the installed stand-in. Returns the seconds of each check.

    Commands whose extra is not among `extras` must name it.
    """
    installation = Installation(python, folder, extras)
    seconds = []
    with installation.serve("demo") as installation.github_url:
        for step in STEPS:
            started = time.perf_counter()
            step(installation)
            seconds.append((step.__name__, time.perf_counter() - started))
    documented = set(re.findall("^## (.+)", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert documented <= installation.commands, documented - installation.commands
    return seconds


def version(installation: Installation) -> None:
    expected = f"github-avatars {project_version()}\n"
    assert installation.call("--version") == expected
    module = [str(installation.python), "-m", "github_avatars", "--version"]
    assert run(module, installation.folder, PYTHONPATH="").stdout == expected
    program = "import github_avatars; print(github_avatars.__file__)"
    location = run([str(installation.python), "-c", program], installation.folder, PYTHONPATH="").stdout.strip()
    assert Path(location).is_relative_to(installation.python.parent.parent), location


def predict(installation: Installation) -> None:
    lines = installation.call("predict", "octocat", "default-0").splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == ["custom", "default"]
    assert json.loads(installation.call("predict", "nobody-here", code=1))["prediction"] is None


def explain(installation: Installation) -> None:
    installation.call("explain", "default-0", "-o", "why.png", "--json", "why.json")
    assert json.loads((installation.folder / "why.json").read_bytes())["label"] == "default"
    assert json.loads(installation.call("predict", "why.png"))["prediction"] == "custom"


def scan(installation: Installation) -> None:
    folder = installation.folder
    (folder / "token").write_text("any-token")
    words = ("scan", "--stargazers", "octocat/hello-world", "--token-file", "token", "--db", "all.db")
    installation.call(*words, "-o", "all.csv")
    with (folder / "all.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labels = {label: [row["login"] for row in rows if row["label"] == label] for label in ("default", "custom")}
    assert all(len(logins) >= 8 for logins in labels.values()), labels
    (folder / "logins.csv").write_text("login\n" + "\n".join(labels["default"][:8] + labels["custom"][:8]) + "\n")
    installation.call("scan", "octocat", "nobody-here", "--unsure", "0..1", "-o", "rows.jsonl")
    installation.call(
        "scan", "octocat", "--depth", "1", "--limit", "5", "--db", "followers.db", "-o", "followers.jsonl"
    )
    depths = [json.loads(line)["depth"] for line in (folder / "followers.jsonl").read_text().splitlines()]
    assert sorted(depths) == [0, 1, 1, 1, 1], depths
    installation.call("scan", "octocat", "-o", "rows.parquet", extra="parquet")
    installation.call("scan", "logins.csv", "--engine", "ray", "--workers", "1", "-o", "ray", extra="ray")
    if "parquet" in installation.extras:
        assert (folder / "rows.parquet").stat().st_size > 0
    if "ray" in installation.extras:
        assert list((folder / "ray").rglob("*.parquet"))


def collect(installation: Installation) -> None:
    counts = json.loads(installation.call("collect", "--logins", "logins.csv", "-o", "collected", "--rate", "1000"))
    assert min(counts["default"], counts["custom"]) >= 5, counts


def train(installation: Installation) -> None:
    words = ("train", "--data", "collected", "--model", "model.pkl")
    installation.call(*words, extra="train")
    installation.call(*words, "--check", extra="train")
    assert "--data, --model" in installation.start("train").communicate()[1], "train must not write into the package"


def evaluate(installation: Installation) -> None:
    installation.call("dataset", "check", "collected", extra="train")
    installation.call("evaluate", "collected", "--json", "evaluation.json", extra="train")


def report(installation: Installation) -> None:
    installation.call("report", "collected", "--evaluation", "evaluation.json", "-o", "report.html", extra="report")
    assert (installation.folder / "report.html").exists() == ("report" in installation.extras)


def review(installation: Installation) -> None:
    installation.call("review", "scan.db", "--export", "labeled")
    if "web" in installation.extras:
        with installation.serve("review", "scan.db", "--port", "0", "--unsure", "0..1") as address:
            assert b"<!DOCTYPE html>" in get(address)
    else:
        installation.call("review", "scan.db", extra="web")


def draw_map(installation: Installation) -> None:
    for name, start in (("map.html", b"<!DOCTYPE html>"), ("map.graphml", b"<?xml")):
        installation.call("map", "scan.db", "-o", name, extra="map")
        if "map" in installation.extras:
            assert (installation.folder / name).read_bytes().startswith(start)


def serve(installation: Installation) -> None:
    if "web" not in installation.extras:
        installation.call("serve", extra="web")
        return
    with installation.serve("serve", "--demo", "--port", "0") as address:
        page = get(address).decode()
        assert "<!DOCTYPE html>" in page
        for file in re.findall(r'(?:src|href)="(/page/[^"]+)"', page):
            assert get(address + file), file
        assert json.loads(get(f"{address}/octocat.json"))["prediction"] == "custom"
        examples = json.loads(get(f"{address}/api/examples"))
        assert len(examples) == 24
        for example in examples:
            assert get(f"{address}/api/examples/{example['name']}/picture")
            assert json.loads(get(f"{address}/api/examples/{example['name']}"))["prediction"] == example["label"]


def completion(installation: Installation) -> None:
    for shell in ("bash", "zsh", "fish"):
        installation.call("completion", shell, extra="completion")


STEPS: tuple[Callable[[Installation], None], ...] = (
    version,
    predict,
    explain,
    scan,
    collect,
    train,
    evaluate,
    report,
    review,
    draw_map,
    serve,
    completion,
)


def get(url: str) -> bytes:
    """The body at an address."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        body: bytes = response.read()
        return body


def project_version() -> str:
    """The version in github_avatars/__init__.py, which the build backend reads too."""
    text = (ROOT / "github_avatars" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)
    assert match
    return match[1]


def megabytes(path: Path) -> float:
    """The size of a file or of the files in a folder, in MB."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if not file.is_dir()) / 1e6


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog="script/release", description="Build the sdist and the wheel in dist/, and check them in new environments."
    )
    parser.add_argument("--check", action="store_true", help="do not write to dist/")
    parser.add_argument("--core", action="store_true", help="check without extras only, and without twine")
    parser.add_argument("--python", default=sys.executable, help="version or path of the Python to install into")
    parser.add_argument("--tag", help="the tag of the release: v and the version")
    arguments = parser.parse_args()
    if arguments.tag and arguments.tag != f"v{project_version()}":
        raise SystemExit(f"error: the tag is {arguments.tag}, but the version is {project_version()}")
    with tempfile.TemporaryDirectory(prefix="release-") as temporary:
        folder = Path(temporary).resolve()
        (folder / "dist").mkdir()
        sdist, wheel = build(folder / "dist")
        for file in (sdist, wheel):
            print(f"{file.name}: {megabytes(file):.2f} MB")
        if not arguments.core:
            print(run([*UV, "tool", "run", "--quiet", "twine", "check", "--strict", str(sdist), str(wheel)]).stdout)
        everything = frozenset({"completion", "map", "notebook", "parquet", "ray", "report", "train", "web"})
        for extra, extras in (("", frozenset[str]()), ("all", everything)):
            if extra and arguments.core:
                break
            started = time.perf_counter()
            environment, work = folder / f"environment-{extra}", folder / f"work-{extra}"
            work.mkdir()
            python = install(wheel, environment, extra, arguments.python)
            elapsed, size = time.perf_counter() - started, megabytes(environment)
            name = f"github-avatars[{extra}]" if extra else "github-avatars"
            version = run([str(python), "--version"]).stdout.strip()
            print(f"{name}: {size:.0f} MB, installed in {elapsed:.1f} s, {version}", flush=True)
            for step, seconds in check(python, work, extras):
                print(f"  {step:<12} {seconds:5.1f} s")
        if not arguments.check:
            shutil.copytree(folder / "dist", ROOT / "dist", dirs_exist_ok=True)
            print(f"Written to dist/: {sdist.name}, {wheel.name}")


if __name__ == "__main__":
    main()
