"""docs/model-card.md: what the model is, how it does and what it is not for, with every number filled in."""

import json
import sys
from collections import Counter
from pathlib import Path

from github_avatars import classifier, identicon
from github_avatars.errors import BadDataset, GitHubAvatarsError
from github_avatars.evaluation import scoring, tables
from github_avatars.evaluation.scoring import Json
from github_avatars.training import degradation

DOCS = classifier.MODEL.parent / "docs"
EVALUATION = DOCS / "evaluation.json"
CARD = DOCS / "model-card.md"

SMALLEST = min(degradation.SIZES)

BASE_RATES = (0.5, 0.1, 0.01, 0.001)
"""Shares of default avatars among the pictures that someone judges."""

ACCOUNTS, BOTS, BOTS_DEFAULT, PEOPLE_DEFAULT = 10_000, 0.01, 0.9, 0.4
"""An invented population: accounts, the share of bots, and the shares of default avatars among bots and people."""

SCALES = {"github_grey": "as counted", "distinct_colors": "natural logarithm", "identicon_error": "square root"}
"""On what scale Features.row() gives each feature to the classifier."""

TEMPLATE = """\
# Model card

`script/evaluate` writes this page and fills in its numbers from [evaluation.json](evaluation.json) and
[model.json](../model.json). Evaluated on {date}. The model was trained on {trained} with Python {python}, scikit-learn
{scikit_learn}, NumPy {numpy} and Pillow {pillow}.

## What it is

A logistic regression on three numbers. It tells whether a picture shows GitHub's default avatar, the identicon
(`default`), or anything else (`custom`), and how probable `default` is.

{features}

A weight is what one unit more, on the feature's scale, adds to the log-odds of `default`; the intercept is {intercept}.
`github_grey` counts those of {side} × {side} sampled pixels that are exactly #F0F0F0, `distinct_colors` counts their
colors, and `identicon_error` is what the best-fitting identicon leaves unexplained of them, from 0 to 1.

## What it learned from

{default} identicons, rendered from account ids drawn at random, and {custom} custom avatars of {families} families.
Many are made to be hard: logos on GitHub grey, other services' identicons, asymmetric grids. This project's code draws
them all, and they share its licence, MIT; nobody's avatar is among them. Of each picture the model saw the original and
{seen} copies, degraded in ways drawn from {degradations} combinations of size, filter, circle mask and encoding.

## How well it does

Each of the {count} pictures is judged by a model that was fitted without it and without its copies. The intervals are
Wilson's, of 95 %. They say what the number of pictures leaves open, not how far these drawings are from the avatars of
the world. For that, `script/evaluate DIR` scores the model on labelled pictures of your own.

{scores}

{confusion}

### As galleries show it

The same pictures, resized with Lanczos to so many pixels a side, and encoded: how many are judged right, in per cent,
and below it the interval. `circle` is a PNG cut to a circle, with transparent corners.

{robustness}

{means}

### What its probabilities are worth

How many are `default` where the model gives that a probability between these bounds, of originals and copies together,
{together} in all:

{reliability}

## Where it fails

Of {copies} copies {wrong} are judged wrong: {missed} of default avatars are called custom, {invented} of custom ones
default. The hardest size is {hard_size} pixels, with {hard_size_wrong} of these errors, and the hardest of all is
{hard_cell}, of which {hard_value} % are right. Families with errors:

{failing}

## What the labels mean

- `default`: an identicon is shown. Whoever uploads one as a picture, be it another account's, still shows a default
  avatar. Whether it is this very account's is another fact, which the service gives as `verified`.
- One account in 32,768 has an identicon without a painted cell: a plain picture in GitHub grey counts as default.
- `custom`: anything else, be it a photo, a logo, or a picture that another service generated.

## What not to use it for

**A default avatar is no proof of a bot.** Suppose that of {accounts} accounts {bots} % are bots, and that
{bots_default} % of the bots and {people_default} % of the people show a default avatar (these figures are invented).
Then {bots_found} bots and {people_found} people show one. Who takes them all for bots is wrong about {people_share} %
of them, though not one avatar was judged wrong. Ban, rank, hire or refuse nobody by it.

**Base rates matter.** The rarer default avatars are among the pictures judged, the more of those called default
are none. How many of them are, if the truth about originals lies at the worse ends of the intervals, and if copies of
{smallest} pixels are as hard as the ones here:

{precisions}

Many of the custom avatars here are made to be taken for default ones, so fewer errors are likely on ordinary pictures.

## Privacy

Three numbers are measured of a picture; nobody can be recognized by them, and nothing of the picture is kept. The model
was trained on nobody's avatar. An avatar is public, but a list of who shows what is data about people: keep no more of
it, and no longer, than your purpose needs.
"""


def text(found: Json, card: Json) -> str:
    """The page, from what Evaluation.as_json gave of the folder that the model was trained on, and the model's card."""
    pictures, wrong = found["pictures"], found["robustness_errors"]
    count = len(pictures)
    copies = sum(cell["count"] for cell in found["robustness"])
    return TEMPLATE.format(
        **{name.replace("-", "_"): version for name, version in card["versions"].items()},
        **_hardest(found),
        **_invented(),
        date=found["date"],
        trained=card["trained"],
        features=_features(card),
        side=identicon.SAMPLE,
        intercept=f"{card['intercept']:.4f}",
        default=card["avatars"]["default"],
        custom=card["avatars"]["custom"],
        families=len({picture["family"] for picture in pictures if picture["label"] == "custom"}),
        seen=card["avatars"]["copies"],
        degradations=len(degradation.DEGRADATIONS),
        scores=tables.scores(found),
        confusion=tables.confusion(found),
        count=count,
        robustness=tables.robustness(found),
        means=tables.means(found),
        together=f"{count + copies:,}",
        reliability=tables.reliability(found),
        copies=f"{copies:,}",
        wrong=len(wrong),
        missed=sum(error["label"] == "default" for error in wrong),
        invented=sum(error["label"] == "custom" for error in wrong),
        smallest=SMALLEST,
        failing=tables.families(found, failing=True) or "None.",
        precisions=_precisions(found),
    )


def _features(card: Json) -> str:
    return tables.table(
        ("feature", "scale", "weight", "mean in training"),
        [
            (f"`{name}`", SCALES[name], f"{card['weights'][name]:.4f}", f"{card['means'][name]:.4f}")
            for name in card["features"]
        ],
    )


def _hardest(found: Json) -> Json:
    """The size and the cell of the robustness table that fewest are right at."""
    size = min(degradation.SIZES, key=lambda size: tables.mean(found, [size]) or 0.0)
    cell = min(found["robustness"], key=lambda cell: cell["right"])
    return {
        "hard_size": size,
        "hard_size_wrong": sum(error["size"] == size for error in found["robustness_errors"]),
        "hard_cell": f"{cell['size']} pixels in {cell['column']}",
        "hard_value": tables.percent(cell["value"]),
    }


def _invented() -> Json:
    """What becomes of the invented population where whoever shows a default avatar is taken for a bot."""
    bots = ACCOUNTS * BOTS * BOTS_DEFAULT
    people = ACCOUNTS * (1 - BOTS) * PEOPLE_DEFAULT
    return {
        "accounts": f"{ACCOUNTS:,}",
        "bots": f"{100 * BOTS:g}",
        "bots_default": f"{100 * BOTS_DEFAULT:g}",
        "people_default": f"{100 * PEOPLE_DEFAULT:g}",
        "bots_found": f"{bots:,.0f}",
        "people_found": f"{people:,.0f}",
        "people_share": tables.percent(people / (bots + people)),
    }


def _precisions(found: Json) -> str:
    """Precision by base rate: of originals at the worse ends of the intervals, and of the smallest copies."""
    custom = sum(found["scores"]["confusion"]["custom"].values())
    default = found["scores"]["count"] - custom
    recall, alarm = (
        found["scores"]["recall"]["low"],
        scoring.share(found["scores"]["confusion"]["custom"]["default"], custom)["high"],
    )
    columns = len({cell["column"] for cell in found["robustness"]})
    wrong = Counter(error["label"] for error in found["robustness_errors"] if error["size"] == SMALLEST)
    small_recall, small_alarm = 1 - wrong["default"] / (columns * default), wrong["custom"] / (columns * custom)
    return tables.table(
        ("default among all", "originals, at worst", f"copies of {SMALLEST} pixels"),
        [
            (f"{100 * rate:g} %", _precision(rate, recall, alarm), _precision(rate, small_recall, small_alarm))
            for rate in BASE_RATES
        ],
    )


def _precision(rate: float, recall: float, alarm: float) -> str:
    """By Bayes' rule: of pictures of which `rate` are default, the share of default among those called so.

    `recall` is the share of default ones that are called default, `alarm` that of custom ones.
    """
    hits = rate * recall
    return f"{tables.percent(hits / (hits + (1 - rate) * alarm))} %"


def write(evaluation: Path, model: Path, page: Path) -> None:
    """Write `page` from an evaluation's JSON and from the card of `model`.

    Raises BadDataset where the evaluation is not one of held-out pictures, or is of another model.
    """
    found = json.loads(evaluation.read_bytes())
    card = json.loads(classifier.card_path(model).read_bytes())
    if not found["held_out"] or found["model"] != card["sha256"]:
        raise BadDataset(
            f"{evaluation} does not tell how {model.name} does on what it was trained on: "
            "run script/train, then script/evaluate."
        )
    page.write_text(text(found, card), encoding="utf-8")


def main() -> int:
    """Write docs/model-card.md; 1 for an error, told in one line."""
    try:
        write(EVALUATION, classifier.MODEL, CARD)
    except (GitHubAvatarsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
