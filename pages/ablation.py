"""docs/ablation.md: the comparison of our features with other methods, from docs/ablation.json."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from github_avatars import features
from github_avatars.evaluation.ablation.harness import EVERY
from github_avatars.evaluation.tables import SMALL, interval, number, percent, table
from github_avatars.training.fitting import FOLDS

PATH = Path(__file__).resolve().parent.parent / "docs" / "ablation.md"
DATA = PATH.with_suffix(".json")

OURS = "v3"
NETWORKS = {"small network": "the small network", "EfficientNet-Lite0": "EfficientNet-Lite0"}
"""The networks and what they are called in a sentence."""

FASTER = 10
"""The goal: a prediction of ours takes at most this fraction of the time of a network's."""

TEMPLATE = """\
# Comparison with other methods

`script/ablation --deep` writes [ablation.json](ablation.json), which contains versions, counts and dates, and
`script/docs` writes this page from it.

{table}

"ms" is the time of a prediction from the file's bytes; "own" is the same without decoding, which takes {decode} ms for
every method. Both are medians over {timed} originals, in processor time on one thread, where the methods take turns.
"fitting" is the time to fit to all pictures, without measuring them. "small" is copies of less than {small} pixels a
side, "grid" is all larger ones. The intervals in parentheses are Wilson's 95 % intervals; the copies of one picture are
similar, so the true values may lie outside them more often. The Brier score is over all copies.

{pictures}

## Results

{lessons}
"""

Json = dict[str, Any]


def page() -> str:
    """The page."""
    return render(json.loads(DATA.read_bytes()))


def render(comparison: Json) -> str:
    """The page about a comparison, as `ablation.comparison.compare` returns it."""
    rows = {row["name"]: row for row in comparison["competitors"]}
    times = comparison["times"]["competitors"]
    return TEMPLATE.format(
        table=_table(list(rows.values()), times),
        decode=number(comparison["times"]["decode"], 2),
        timed=comparison["times"]["pictures"],
        small=SMALL,
        pictures=_pictures(comparison["pictures"]),
        lessons="\n\n".join(_lessons(rows, times, comparison["times"]["decode"])),
    )


def _table(rows: Sequence[Json], times: Json) -> str:
    head = ("", "originals", "customs predicted default", "grid", "small", "Brier", "ms", "own", "bytes", "fitting, s")
    return table(
        head,
        [
            (
                f"**{row['name']}**: {row['about']}",
                f"{percent(row['originals']['value'])} %",
                str(row["customs_called_default"]),
                f"{percent(row['grid']['value'])} % ({interval(row['grid'])})",
                f"{percent(row['small']['value'])} % ({interval(row['small'])})",
                number(row["brier"]["grid"]),
                number(times.get(row["name"], {}).get("whole"), 2),
                number(times.get(row["name"], {}).get("own"), 2),
                f"{row['bytes']:,}",
                number(row["fitting_seconds"], 1),
            )
            for row in rows
        ],
    )


def _pictures(pictures: Json) -> str:
    grid = pictures["grid"]
    return (
        f"All methods are trained on the same pictures of {pictures['directory']}/, {pictures['default']} default and "
        f"{pictures['custom']} custom ones with {pictures['copies']} degraded copies of each. Their predictions are "
        f"held-out predictions in {FOLDS} folds, for all originals and for degraded copies of one in {EVERY} pictures "
        f"of each family, {grid['default']} default and {grid['custom']} custom ones."
    )


def _lessons(rows: dict[str, Json], times: Json, decode: float) -> list[str]:
    lessons = [
        f"Originals are easy, thumbnails are not: the rule is right for {_percent(rows, 'rule', 'originals')} of the "
        f"originals, but for {_percent(rows, 'rule', 'grid')} of the grid, where predicting always custom is right for "
        f"{_percent(rows, 'always custom', 'grid')}.",
        f"On the grid, the histogram of v1 is right for {_percent(rows, 'v1', 'grid')}, the two counts of v2 for "
        f"{_percent(rows, 'v2', 'grid')}, and v3 for {_percent(rows, OURS, 'grid')}; at 16 pixels "
        f"{_percent(rows, 'v1', 'small')}, {_percent(rows, 'v2', 'small')} and {_percent(rows, OURS, 'small')}.",
        "Without a feature, v3 loses in percentage points on the grid and on the small copies: "
        + ", ".join(f"{_loss(rows, name)} without {name}" for name in features.NAMES)
        + ".",
    ]
    networks = [name for name in NETWORKS if name in rows]
    if networks:
        lessons += [_accuracy(rows, networks), _cost(rows, times, decode, [name for name in networks if name in times])]
    return lessons


def _percent(rows: dict[str, Json], name: str, where: str) -> str:
    return f"{percent(rows[name][where]['value'])} %"


def _loss(rows: dict[str, Json], feature: str) -> str:
    without = rows[f"{OURS} without {feature}"]
    grid, small = (100 * (rows[OURS][where]["value"] - without[where]["value"]) for where in ("grid", "small"))
    return f"{grid:.2f} and {small:.2f}"


def _accuracy(rows: dict[str, Json], networks: Sequence[str]) -> str:
    """The accuracy of the networks, and where one of them is better than v3."""
    accuracies = "; ".join(
        f"{NETWORKS[name]} is right for {_percent(rows, name, 'originals')} of the originals, "
        f"{_percent(rows, name, 'grid')} of the grid and {_percent(rows, name, 'small')} of the small copies"
        for name in networks
    )
    better = [
        f"{NETWORKS[name]} on {pictures} ({_percent(rows, name, where)} instead of {_percent(rows, OURS, where)})"
        for name in networks
        for where, pictures in (("originals", "originals"), ("grid", "the grid"), ("small", "the small copies"))
        if rows[name][where]["value"] > rows[OURS][where]["value"]
    ]
    return f"Of the networks, {accuracies}. " + (
        f"Better than v3: {' and '.join(better)}." if better else "None of them is better than v3 anywhere."
    )


def _cost(rows: dict[str, Json], times: Json, decode: float, networks: Sequence[str]) -> str:
    """The time and size of the networks in comparison with v3, and whether v3 achieves the goal of FASTER."""
    ours = times[OURS]
    comparisons = "; ".join(
        f"{NETWORKS[name]} takes {times[name]['whole'] / ours['whole']:.1f} times as long "
        f"({times[name]['own'] / ours['own']:.0f} times without decoding) and is "
        f"{rows[name]['bytes'] / rows[OURS]['bytes']:,.0f} times as large"
        for name in networks
    )
    missed = [
        f"{NETWORKS[name]}, where decoding takes {100 * decode / times[name]['whole']:.0f} % of the time"
        for name in networks
        if times[name]["whole"] < FASTER * ours["whole"]
    ]
    return (
        f"A prediction of v3 takes {ours['whole']:.2f} ms, {ours['own']:.2f} ms without decoding; {comparisons}. The "
        f"goal, at most a tenth of a network's time, is "
        + (f"missed for {' and '.join(missed)}." if missed else "achieved for all of them.")
    )
