"""docs/ablation.md: the comparison of our features with other methods, from docs/ablation.json."""

import json
from pathlib import Path
from typing import Any

from github_avatars.evaluation.ablation.harness import EVERY
from github_avatars.evaluation.tables import SMALL, interval, number, percent, table
from github_avatars.training.fitting import FOLDS

PATH = Path(__file__).resolve().parent.parent / "docs" / "ablation.md"
DATA = PATH.with_suffix(".json")

OURS = "v3"
NETWORKS = {"small network": "the small network", "EfficientNet-Lite0": "EfficientNet-Lite0"}
"""The networks and what they are called in a sentence."""

TEMPLATE = """\
# Comparison with other methods

`script/ablation --deep` writes [ablation.json](ablation.json), which contains versions, counts and dates, and
`script/docs` writes this page from it.

{table}

"ms" is the time of a prediction from the file's bytes; "own" is the same without decoding, which takes {decode} ms for
every method. Both are medians over {times[pictures]} originals, in processor time on one thread, where the methods take
turns. "fitting" is the time to fit to all pictures, without measuring them. "small" is copies of less than {small}
pixels a side, "grid" is all larger ones. The intervals in parentheses are Wilson's 95 % intervals; the copies of one
picture are similar, so the true values may lie outside them more often. The Brier score is over all copies.

All methods are trained on the same pictures of {pictures[directory]}/, {pictures[default]} default and
{pictures[custom]} custom ones with {pictures[copies]} degraded copies of each. Their predictions are held-out
predictions in {folds} folds, for all originals and for degraded copies of one in {every} pictures of each family,
{pictures[grid][default]} default and {pictures[grid][custom]} custom ones. Look-alikes have no degraded copies.

## Results

Originals are easy, thumbnails are not: the columns "originals" and "grid" of the two rules show the difference.
Checkers of GitHub profiles use rules like the color rule. The rows of v3 without a feature show what the feature
contributes, and those of the forest and of boosting what another classifier would make of the same features.

The goal is that a prediction of v3 takes at most a tenth of the time of a network's on top of decoding, the column
"own", because every method decodes the same files. It takes {shares}.
"""

Json = dict[str, Any]


def page() -> str:
    """The page."""
    return render(json.loads(DATA.read_bytes()))


def render(comparison: Json) -> str:
    """The page about a comparison, as `ablation.comparison.compare` returns it."""
    times = comparison["times"]["competitors"]
    shares = [
        f"{times[OURS]['own'] / times[name]['own']:.0%} of that of {NETWORKS[name]}"
        for name in NETWORKS
        if name in times
    ]
    return TEMPLATE.format(
        **comparison,
        table=_table(comparison["competitors"], times),
        decode=number(comparison["times"]["decode"], 2),
        small=SMALL,
        folds=FOLDS,
        every=EVERY,
        shares=" and ".join(shares),
    )


def _table(rows: list[Json], times: Json) -> str:
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
