"""Answers from a Cog server that runs this project's image, by its POST /predictions."""

import math
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import requests

from github_avatars import errors
from github_avatars.classifier import Classifier, Verdict
from github_avatars.errors import BadInput, Busy, GitHubAvatarsError, Unreachable
from github_avatars.explanation import explaining
from github_avatars.features import NAMES, Features
from github_avatars.github import GitHub, hosts
from github_avatars.picture import decoding
from github_avatars.training.dataset import LABELS
from github_avatars.web.answers import Answer, Json, Why, data_url, is_of

TIMEOUT = (4.0, 30.0)
"""Seconds for connecting to the server and for its answer, which may take a fetch's DEADLINE."""

FAILED = re.compile(r"(?:[^:]+: )*?(?P<name>[A-Z]\w+): (?P<message>.+)", re.DOTALL)
"""The error of a failed prediction: what Cog puts before it, the class of docs/errors.md, the message."""

OTHER_MODEL = "The server runs another model than this page knows, so what moved its verdict cannot be told."
OTHER_PICTURE = "The server judged another picture than this page sees, so there is nothing to show of it."


class CogServer:
    """Judges by the Cog server at `base`, an address like http://127.0.0.1:5000.

    It tells the verdict and the features. What moved the verdict is reckoned here, from the features, as long as
    `classifier` comes to the same probability. What can be seen of an avatar is fetched from GitHub by the page itself,
    after the verdict; where that fails, the verdict stands without it. Raises BadInput where `base` is no address.
    """

    def __init__(self, base: str, github: GitHub, classifier: Classifier) -> None:
        address = base.rstrip("/")
        if not hosts.BASE.fullmatch(address):
            raise BadInput(f"--cog is {base[:100]!r}: give an address like http://127.0.0.1:5000.")
        self.base = address
        self._github = github
        self._classifier = classifier

    def account(self, login: str) -> Answer:
        """The answer for an account. Raises GitHubAvatarsError, as the server has it."""
        found = self._ask({"username": login})
        try:
            return self._shown(found, self._github.fetch(login).data)
        except GitHubAvatarsError as error:
            return replace(found, missing=f"This page could not fetch the picture itself: {error}")

    def picture(self, data: bytes, account_id: int | None = None) -> Answer:
        """The answer for a picture file, perhaps that of an account. Raises GitHubAvatarsError."""
        decoding.load(data, "The picture")
        answer = self._shown(self._ask({"image": data_url(data)}), data)
        verified = is_of(answer.explained.picture, account_id) if answer.explained else None
        return replace(answer, account_id=account_id, verified=verified)

    def _ask(self, given: dict[str, str]) -> Answer:
        """The server's answer to an input, with nothing to be seen yet."""
        where = urlsplit(self.base).netloc
        try:
            with requests.Session() as session:
                session.trust_env = not hosts.is_loopback(self.base)
                answer = session.post(
                    f"{self.base}/predictions", json={"input": given}, timeout=TIMEOUT, allow_redirects=False
                )
            told = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Unreachable(
                f"The Cog server at {where} gave no answer ({type(error).__name__}): see whether it runs and is READY."
            ) from error
        if answer.status_code == 409:
            raise Busy(f"The Cog server at {where} has no place free: ask again a little later.")
        if not isinstance(told, dict) or told.get("status") != "succeeded":
            raise _failure(told, where)
        try:
            return self._read(told["output"], told["metrics"])
        except (LookupError, TypeError, ValueError) as error:
            raise Unreachable(f"At {where} answers no Cog server of this project ({error!r}): check --cog.") from error

    def _read(self, output: Json, metrics: Json) -> Answer:
        """What the two parts of a prediction tell. Raises LookupError, TypeError or ValueError for those of another."""
        measured = Features(
            int(metrics["github_grey"]), int(metrics["distinct_colors"]), float(metrics["identicon_error"])
        )
        label, probability = output["prediction"], float(metrics["probability"])
        if label not in LABELS or not 0 <= probability <= 1:
            raise ValueError(f"{label!r} with a probability of {probability}")
        verdict = Verdict(label, probability, measured)
        why = self._why(verdict)
        return Answer(
            username=output["username"],
            href=output["href"],
            verdict=verdict,
            account_id=int(metrics["account_id"]) if "account_id" in metrics else None,
            verified=bool(metrics["verified"]) if "verified" in metrics else None,
            why=why,
            data=None,
            explained=None,
            missing=None if why else OTHER_MODEL,
        )

    def _why(self, verdict: Verdict) -> Why | None:
        here = self._classifier.classify(verdict.features).probability
        if not math.isclose(here, verdict.probability, rel_tol=1e-6, abs_tol=1e-9):
            return None
        return Why(
            explaining.base(self._classifier),
            explaining.contributions(verdict.features, self._classifier),
            self._classifier.score(verdict.features),
        )

    def _shown(self, answer: Answer, data: bytes) -> Answer:
        """An answer with what can be seen of its picture, as long as that has the features that the server saw."""
        found = explaining.explain(decoding.load(data), self._classifier)
        here, there = found.verdict.features, answer.verdict.features
        if not all(math.isclose(getattr(here, name), getattr(there, name), abs_tol=1e-6) for name in NAMES):
            return replace(answer, missing=OTHER_PICTURE)
        return replace(answer, data=data, explained=found)


def _failure(told: Any, where: str) -> GitHubAvatarsError:
    """The error of docs/errors.md that a failed prediction names."""
    text = told.get("error") if isinstance(told, dict) else None
    found = FAILED.fullmatch(text) if isinstance(text, str) else None
    kind = getattr(errors, found["name"], None) if found else None
    if found and isinstance(kind, type) and issubclass(kind, GitHubAvatarsError):
        return kind(found["message"])
    return Unreachable(
        f"The Cog server at {where} fails to predict: see its log, and restart it where it is not READY."
    )
