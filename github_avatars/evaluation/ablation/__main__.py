"""Trains, scores and times the competitors, and writes docs/ablation.json and docs/ablation.md."""

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

from tqdm import tqdm

from github_avatars.errors import BadDataset, GitHubAvatarsError
from github_avatars.evaluation.ablation import harness, page
from github_avatars.evaluation.ablation.competitors import LIGHT, Competitor
from github_avatars.evaluation.scoring import Json
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Progress

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("scikit-learn", "numpy", "pillow")


def run(directory: Path, competitors: Sequence[Competitor], packages: Sequence[str], progress: Progress) -> Json:
    """What came of training, scoring and timing the competitors on the examples of `directory`, as plain data.

    `pictures` says on what, `competitors` how each did, with the versions of `packages`, and `times` how long a verdict
    takes. Raises BadDataset and BadImage.
    """
    examples = dataset.read_index(directory)
    measured = harness.measure(directory, examples, list({one.way: None for one in competitors}), progress)
    made = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), **{package: version(package) for package in packages}},
    }
    rows, fitted = [], []
    for one in progress(competitors, len(competitors)):
        seen = measured[one.way]
        scores = harness.score(one, seen)
        started = process_time()
        fitted.append(one.untrained().fit(seen.table.rows, seen.table.default))
        seconds = round(process_time() - started, 2)
        size = one.size(fitted[-1])
        rows.append({"name": one.name, "about": one.about, **scores, "bytes": size, "fitting_seconds": seconds, **made})
    return {
        "pictures": {
            "directory": directory.resolve().name,
            "digest": dataset.digest(directory, examples),
            **_balance(examples),
            "copies": fitting.COPIES,
            "grid": _balance([examples[number] for number in harness.chosen(examples)]),
        },
        "competitors": rows,
        "times": {**harness.timings(directory, examples, competitors, fitted), **made},
    }


def _balance(examples: Sequence[dataset.Example]) -> dict[str, int]:
    return {label: sum(example.label == label for example in examples) for label in dataset.LABELS}


def merge(old: Json, new: Json) -> Json:
    """What is known after a run: its results, and those of competitors that took part only in earlier runs.

    Those are kept where they were scored on the same pictures. Times compare only within one run, so the earlier ones
    stay as long as a run does not time as many.
    """
    if old.get("pictures") != new["pictures"]:
        return new
    names = {row["name"] for row in new["competitors"]}
    kept = [row for row in old["competitors"] if row["name"] not in names]
    times = old["times"] if kept else new["times"]
    return {"pictures": new["pictures"], "competitors": new["competitors"] + kept, "times": times}


def main(words: Sequence[str] | None = None) -> int:
    """Parse the command line and run; 1 for an error, told in one line."""
    parser = argparse.ArgumentParser(prog="script/ablation", description=__doc__)
    parser.add_argument("--deep", action="store_true", help="also the networks, which need requirements/deep.txt")
    parser.add_argument("--avatars", type=Path, default=ROOT / "avatars", help="folder with index.csv")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="folder of ablation.json and ablation.md")
    arguments = parser.parse_args(words)
    competitors: tuple[Competitor, ...] = LIGHT
    packages: tuple[str, ...] = PACKAGES
    results = arguments.docs / "ablation.json"
    try:
        if arguments.deep:
            from github_avatars.evaluation.ablation import deep

            competitors += deep.DEEP
            packages += deep.PACKAGES
        known = _known(results)
        found = merge(known, run(arguments.avatars, competitors, packages, _bar))
        arguments.docs.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (arguments.docs / "ablation.md").write_text(page.page(found), encoding="utf-8")
    except ModuleNotFoundError as error:
        print(f"error: {error}: run script/ablation --deep, or install requirements/deep.txt.", file=sys.stderr)
        return 1
    except (GitHubAvatarsError, OSError) as error:
        print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 1
    return 0


def _known(results: Path) -> Json:
    try:
        known: Json = json.loads(results.read_bytes()) if results.exists() else {}
    except ValueError as error:
        raise BadDataset(f"{results} is not JSON ({error}): restore it from the repository, or delete it.") from error
    return known


def _bar(items: Iterable[Any], total: int) -> Iterable[Any]:
    return tqdm(items, total=total, mininterval=1)


if __name__ == "__main__":
    sys.exit(main())
