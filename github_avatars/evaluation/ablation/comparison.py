"""The comparison of competitors on a folder of labeled pictures, as plain data."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

from threadpoolctl import threadpool_limits

from github_avatars.evaluation.ablation import harness
from github_avatars.evaluation.ablation.competitors import Competitor
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Progress, no_progress
from github_avatars.training.measuring import COPIES

Json = dict[str, Any]


def compare(
    directory: Path, competitors: Sequence[Competitor], packages: Sequence[str] = (), progress: Progress = no_progress
) -> Json:
    """Fit, score and time the competitors on the examples in the index of `directory`.

    The result has `pictures` (what the competitors were compared on), `competitors` (scores, size and seconds to fit of
    each, with the date and the versions of `packages`) and `times` (of a prediction). Raises BadDataset and BadImage.
    """
    examples = dataset.read_index(directory)
    extractions = list(dict.fromkeys(competitor.extraction for competitor in competitors))
    measurements = harness.measure_all(directory, examples, extractions, progress)
    data = {
        extraction: harness.arrange(directory, examples, measurements, place)
        for place, extraction in enumerate(extractions)
    }
    about = {"date": datetime.now(UTC).date().isoformat(), "versions": fitting.versions(*packages)}
    rows, fitted = [], []
    for competitor in progress(competitors, len(competitors)):
        table = data[competitor.extraction].table
        # For data this small, threads cost more than they save.
        with threadpool_limits(1):
            scores = harness.score(competitor, data[competitor.extraction])
            started = process_time()
            fitted.append(competitor.build().fit(table.X, table.y))
            seconds = round(process_time() - started, 2)
        size = competitor.size(fitted[-1])
        row = {"name": competitor.name, "about": competitor.about, **scores, "bytes": size}
        rows.append({**row, "fitting_seconds": seconds, **about})
    return {
        "pictures": {
            "directory": directory.resolve().name,
            "digest": dataset.digest(examples, [measurement.digest for measurement in measurements]),
            **dataset.count_labels(examples),
            "copies": COPIES,
            "grid": dataset.count_labels(examples[number] for number in harness.choose(examples)),
        },
        "competitors": rows,
        "times": {**harness.time_predictions(directory, examples, competitors, fitted), **about},
    }


def merge(earlier: Json, latest: Json) -> Json:
    """The latest comparison, with the competitors of an earlier one on the same pictures that are not in it.

    Times are comparable within one comparison only, so the earlier ones are kept unless the latest has them all.
    """
    if earlier.get("pictures") != latest["pictures"]:
        return latest
    names = {row["name"] for row in latest["competitors"]}
    kept = [row for row in earlier["competitors"] if row["name"] not in names]
    times = earlier["times"] if kept else latest["times"]
    return {"pictures": latest["pictures"], "competitors": latest["competitors"] + kept, "times": times}
