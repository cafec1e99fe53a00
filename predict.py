"""Cog's entrance: a username or a picture in, the answer out."""

import signal
from concurrent.futures import ThreadPoolExecutor

import cog
import coglet
from cog import BaseModel, BaseRunner, Input, Path

from github_avatars import classifier
from github_avatars.github import CONNECTIONS, GitHub, cancellation
from github_avatars.prediction import predict
from github_avatars.service import cog_cleanup, logs


class Output(BaseModel):
    """The answer; username and href are null for a picture."""

    username: str | None
    href: str | None
    prediction: str


class Predictor(BaseRunner):
    """Tells whether a GitHub account shows GitHub's default avatar or one of its own."""

    def setup(self) -> None:
        """Load model.pkl and get ready to talk to GitHub."""
        logs.switch_on()
        self.classifier = classifier.load(classifier.MODEL)
        self.github = GitHub()
        # asyncio's own pool has a handful of threads; here each of the concurrent predictions needs one.
        self.threads = ThreadPoolExecutor(CONNECTIONS)
        if coglet.server.active:
            # systemd sends it to all processes of a service. Cog ends its worker itself, after the last prediction.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    @cog.concurrent(max=32)
    async def run(
        self,
        username: str | None = Input(
            description="A GitHub login, such as zeke. Give either this or an image.",
            default=None,
        ),
        image: Path | None = Input(
            description="A picture to classify instead of looking up an account. Give either this or a username.",
            default=None,
        ),
    ) -> Output:
        """Answer for one account or one picture; the evidence goes beside the answer, as metrics."""
        with cog_cleanup.removed(self.threads):
            prediction = await cancellation.run(self.threads, predict, username, image, self.github, self.classifier)
        for name, value in prediction.metrics().items():
            self.record_metric(name, value)
        return Output(**prediction.output())
