"""What the page shows for an account or a picture: the prediction and its explanation, as JSON."""

import base64
from dataclasses import asdict, dataclass, replace
from typing import Any

from github_avatars import explanation
from github_avatars.classifier import Classifier
from github_avatars.explanation import TITLES, Explanation
from github_avatars.github import GitHub
from github_avatars.identicon import SAMPLE
from github_avatars.picture import verification
from github_avatars.picture.formats import media_type
from github_avatars.prediction import THUMBNAIL, Prediction, fetch_and_predict

Json = dict[str, Any]

FIT_SIDE = 10 * SAMPLE
"""Side of the best-fitting identicon in pixels, the same as that of the enlarged sample."""


@dataclass(frozen=True)
class PageAnswer:
    """The prediction for an account or a picture file, with its explanation."""

    prediction: Prediction
    explanation: Explanation
    data: bytes
    """The picture file."""

    def as_json(self, *, pictures: bool) -> Json:
        """The answer as JSON, with the names that Cog's output and metrics use. `pictures` adds them as data URLs."""
        prediction, explained = self.prediction, self.explanation
        answer: Json = {
            "username": prediction.username,
            "href": prediction.href,
            "prediction": prediction.label,
            "probability": prediction.probability,
            "words": explanation.headline(explained.verdict),
            **asdict(prediction.features),
            "account_id": prediction.account_id,
            "verified": prediction.verified,
            "fit": {"grid": explained.fit.grid, "color": "#{:02x}{:02x}{:02x}".format(*explained.fit.color)},
            "why": {
                "base": explained.base,
                "contributions": [{"title": TITLES[each.name], **asdict(each)} for each in explained.contributions],
                "score": explained.score,
                "notes": [explanation.SCALE_NOTE],
            },
        }
        if pictures:
            answer["pictures"] = {
                "picture": _data_url(self.data),
                "sample": _data_url(explanation.encode_png(explanation.draw_sample(explained.sample))),
                "fit": _data_url(explanation.encode_png(explained.fit.draw(FIT_SIDE))),
                "difference": _data_url(explanation.encode_png(explanation.draw_difference(explained.difference))),
            }
        return answer


def answer_account(account: str, github: GitHub, classifier: Classifier, *, pictures: bool) -> PageAnswer:
    """The answer for the avatar of an account, in any spelling of github.parse.

    With `pictures`, the page shows the avatar, so its original is fetched even if a thumbnail suffices for the verdict.
    Raises GitHubError and BadImage.
    """
    avatar, prediction = fetch_and_predict(account, github, classifier)
    name = f"The avatar of {avatar.login or avatar.href}"
    explained, _ = _explain(avatar.data, name, classifier, avatar.account_id)
    if pictures and prediction.size is not None and prediction.size <= THUMBNAIL:
        avatar = github.fetch_original(avatar)
    return PageAnswer(prediction, explained, avatar.data)


def answer_picture(data: bytes, classifier: Classifier, account_id: int | None = None) -> PageAnswer:
    """The answer for a picture file, which may be the avatar of an account. Raises BadImage."""
    explained, verified = _explain(data, "The picture", classifier, account_id)
    verdict = explained.verdict
    prediction = Prediction(
        verdict.label, verdict.probability, verdict.features, account_id=account_id, verified=verified
    )
    return PageAnswer(prediction, explained, data)


def _explain(data: bytes, name: str, classifier: Classifier, account_id: int | None) -> tuple[Explanation, bool | None]:
    """The explanation of the verdict on a picture file, and whether it is the identicon of an account."""
    with verification.loaded(data, account_id, name) as (picture, verified):
        explained = explanation.explain(picture, classifier)
        # The page shows the file. The decoded picture would take memory that decoding.BUDGET no longer counts.
        return replace(explained, picture=explained.sample), verified


def _data_url(data: bytes) -> str:
    return f"data:{media_type(data)};base64,{base64.b64encode(data).decode()}"
