"""docs/model-card.md: what the model is, its scores and its limits, from docs/evaluation.json and model.json."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from github_avatars import classifier, identicon
from github_avatars.errors import BadDataset
from github_avatars.evaluation import results, scoring, tables
from github_avatars.evaluation.results import Evaluation
from github_avatars.training import dataset, degradation

PATH = Path(__file__).resolve().parent.parent / "docs" / "model-card.md"
EVALUATION = PATH.with_name("evaluation.json")

SMALLEST = min(degradation.SIZES)

BASE_RATES = (0.5, 0.1, 0.01, 0.001)
"""Shares of default avatars among the pictures that are classified."""

SCALES = {"github_grey": "count", "distinct_colors": "natural logarithm", "identicon_error": "square root"}
"""The scales of Features.row()."""

TEMPLATE = """\
# Model card

`script/docs` writes this page from [evaluation.json](evaluation.json), which `script/evaluate` writes, and
[model.json](../model.json). Evaluated on {evaluation.date}. Trained on {card[trained]} with Python
{card[versions][python]}, scikit-learn {card[versions][scikit-learn]}, NumPy {card[versions][numpy]} and Pillow
{card[versions][pillow]}.

## What it is

A logistic regression on three features. It predicts whether a picture shows GitHub's default avatar, the identicon
(`default`), or anything else (`custom`), and the probability of `default`.

{features}

The log-odds of `default` are the intercept, {card[intercept]:.4f}, plus the sum of weight × feature on the feature's
scale. `github_grey` is the number of pixels, among {side} × {side} sampled ones, that are exactly #F0F0F0.
`distinct_colors` is the number of their colors. `identicon_error` is what the best-fitting identicon does not explain,
from 0 (nothing) to 1.

## Training data

{card[avatars][default]} identicons of random account ids, and {card[avatars][custom]} custom avatars of {families}
families. Many are hard on purpose: logos on GitHub grey, simple marks in one color, asymmetric grids. The code of this
project draws them all, under the MIT license of the project; there are no avatars of real people among them. The
model was trained on each original and {card[avatars][copies]} degraded copies of it, with degradations drawn from
{degradations} combinations of size, filter, circle mask and codec.

## Scores

Each of the {count} pictures is classified by a model that was fitted without it and without its copies. The intervals
are Wilson's 95 % intervals. They reflect the number of pictures, not the difference between these drawings and real
avatars. To score the model on labeled pictures of your own, run `script/evaluate DIR`.

{scores}

{confusion}

### Robustness

The percentage of right predictions for degraded copies of the same pictures, and below it the interval. The copies are
resized with Lanczos to this many pixels a side, and encoded. `circle` is a PNG cropped to a circle with transparent
corners. `dithered sheet` and `ordered sheet` are tiles of a sheet of hundreds of avatars that share a palette of 256
colors, dithered by error diffusion (Floyd–Steinberg) or by a threshold matrix (Bayer). `nearest` to `bicubic` are PNGs
resized with that filter; `nearest` resizes a palette image.

{robustness}

{means}

### Reliability of the probabilities

The share of `default` among predictions with a probability in each range, for originals and copies together,
{together:,} in all. The copies of a picture have the same label, so the interval is that of as many independent
predictions as carry the same information.

{reliability}

## Errors

Of {copies:,} copies, {wrong} have a wrong prediction: {missed} of default avatars and {invented} of custom avatars. The
hardest size is {hard_size} pixels, with {hard_size_wrong} of these errors. The hardest condition is {hard_cell}, where
{hard_value} % are right. Families with errors:

{failing}

## What the labels mean

- `default`: the picture shows an identicon. An identicon that a user uploads, even that of another account, counts as a
  default avatar. Whether it is the identicon of this account is a separate result, `verified`.
- One account in 32,768 has an identicon without painted cells: a plain picture in GitHub grey counts as default.
- `custom`: anything else, for example a photo, a logo, or a picture that another service generated.

## Limits

**A default avatar does not prove that an account is a bot.** Suppose that of 10,000 accounts 1 % are bots, and that 90
% of the bots and 40 % of the people have a default avatar (these figures are invented). Then 90 bots and 3,960 people
have one. If all of them are treated as bots, 97.7 % of the decisions are wrong, even without any wrong prediction. Do
not ban, rank, hire or reject anyone by it.

**The precision depends on the base rate.** The rarer default avatars are among the classified pictures, the more of the
pictures predicted `default` are custom. The table shows the precision for originals at the unfavorable ends of the
intervals, and for copies of {smallest} pixels that are as hard as those above:

{precisions}

Many of the custom avatars here are hard on purpose, so expect fewer errors for ordinary pictures.

## Privacy

The model uses three numbers for each picture. They do not identify anyone, and the picture is not stored. The model was
not trained on anyone's avatar. Avatars are public, but a list of accounts with their avatars is personal data: keep
only what your purpose requires, and only as long as it requires it.
"""


def page() -> str:
    """The page. Raises BadDataset if docs/evaluation.json is not a held-out evaluation of the shipped model."""
    evaluation = results.load(EVALUATION)
    card = json.loads(classifier.card_path(classifier.MODEL).read_bytes())
    if not evaluation.held_out or evaluation.model != card["sha256"]:
        raise BadDataset(
            f"{EVALUATION} is not an evaluation of {classifier.MODEL.name} on its training pictures: "
            "run script/train, then script/evaluate."
        )
    return render(evaluation, card)


def render(evaluation: Evaluation, card: dict[str, Any]) -> str:
    """The page about an evaluation on the training pictures and the card of the model."""
    errors = evaluation.robustness_errors
    count = len(evaluation.pictures)
    copies = sum(cell["count"] for cell in evaluation.robustness)
    return TEMPLATE.format(
        evaluation=evaluation,
        card=card,
        **_hardest(evaluation),
        features=_features(card),
        side=identicon.SAMPLE,
        families=len({picture["family"] for picture in evaluation.pictures if picture["label"] == "custom"}),
        degradations=len(degradation.DEGRADATIONS),
        scores=tables.scores(evaluation),
        confusion=tables.confusion(evaluation),
        count=count,
        robustness=tables.robustness(evaluation),
        means=tables.means(evaluation),
        together=count + copies,
        reliability=tables.reliability(evaluation),
        copies=copies,
        wrong=len(errors),
        missed=sum(error["label"] == "default" for error in errors),
        invented=sum(error["label"] == "custom" for error in errors),
        smallest=SMALLEST,
        failing=tables.families(evaluation, failing=True) or "None.",
        precisions=_precisions(evaluation),
    )


def _features(card: dict[str, Any]) -> str:
    return tables.table(
        ("feature", "scale", "weight", "mean in training"),
        [
            (f"`{name}`", SCALES[name], f"{card['weights'][name]:.4f}", f"{card['means'][name]:.4f}")
            for name in card["features"]
        ],
    )


def _hardest(evaluation: Evaluation) -> dict[str, object]:
    """The size and the cell of the robustness table with the lowest accuracy."""
    size = min(degradation.SIZES, key=lambda size: tables.mean(evaluation, [size]) or 0.0)
    cell = min(evaluation.robustness, key=lambda cell: cell["right"])
    return {
        "hard_size": size,
        "hard_size_wrong": sum(error["size"] == size for error in evaluation.robustness_errors),
        "hard_cell": f"{cell['size']} pixels in {cell['kind']}",
        "hard_value": tables.percent(cell["value"]),
    }


def _precisions(evaluation: Evaluation) -> str:
    """Precision by base rate, for originals at the unfavorable ends of the intervals, and for the smallest copies."""
    confusion = evaluation.scores["confusion"]
    default, custom = (sum(confusion[label].values()) for label in ("default", "custom"))
    copied = [picture for picture in evaluation.pictures if not dataset.is_lookalike(picture["family"])]
    copied_custom = sum(picture["label"] == "custom" for picture in copied)
    recall = evaluation.scores["recall"]["low"] or 0.0
    false_positive_rate = scoring.share(confusion["custom"]["default"], custom)["high"] or 0.0
    kinds = len({cell["kind"] for cell in evaluation.robustness})
    wrong = Counter(error["label"] for error in evaluation.robustness_errors if error["size"] == SMALLEST)
    small_recall = 1 - wrong["default"] / (kinds * default)
    small_false_positive_rate = wrong["custom"] / (kinds * copied_custom)
    return tables.table(
        ("share of default", "originals, at worst", f"copies of {SMALLEST} pixels"),
        [
            (
                f"{100 * rate:g} %",
                _precision(rate, recall, false_positive_rate),
                _precision(rate, small_recall, small_false_positive_rate),
            )
            for rate in BASE_RATES
        ],
    )


def _precision(rate: float, recall: float, false_positive_rate: float) -> str:
    """The precision by Bayes' rule, where `rate` is the share of default avatars among the pictures."""
    hits = rate * recall
    return f"{tables.percent(hits / (hits + (1 - rate) * false_positive_rate))} %"
