"""The predictor that Cog serves: an account or a picture → default or custom."""

import signal
from concurrent.futures import ThreadPoolExecutor

import cog
import coglet
from cog import BaseModel, BaseRunner, Input, Path

from github_avatars import affinity, cancellation, classifier
from github_avatars.github import CONNECTIONS, GitHub
from github_avatars.prediction import predict
from github_avatars.service import cog_cleanup, cog_inputs, leftovers, logs, watcher


class Output(BaseModel):
    """The prediction: "default" or "custom". href is the address that was requested, and username the login.

    Both are null for a picture; username is null for an account of which only the id is given.
    """

    username: str | None
    href: str | None
    prediction: str


class Predictor(BaseRunner):
    """Classifies the avatar of a GitHub account, or a picture, as default or custom."""

    def setup(self) -> None:
        """Load model.pkl and prepare the connections to GitHub."""
        logs.enable()
        self.classifier = classifier.load(classifier.MODEL)
        self.github = GitHub()
        # asyncio's default executor has too few threads: each prediction that runs needs one. Others wait.
        self.threads = ThreadPoolExecutor(CONNECTIONS)
        # Decoding large pictures runs in parallel, so these threads stay on all processors.
        self.decoders = ThreadPoolExecutor(CONNECTIONS, initializer=affinity.restrict, initargs=(affinity.allowed(),))
        self.cleaner = cog_cleanup.Cleaner()
        if coglet.server.active:
            # systemd sends SIGTERM to all processes of a service, but Cog ends its worker after the last prediction.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.watcher = watcher.watch_worker()
            self.lock = leftovers.use_own_folder()
            cog_inputs.install()
            affinity.restrict_process(affinity.current())

    # SLOTS in github_avatars/service. More than run at once, because Cog frees a slot slightly after its response.
    @cog.concurrent(max=256)
    async def run(
        self,
        username: str | None = Input(
            description="A GitHub login, such as zeke, or an account's address. Give either this or an image.",
            default=None,
        ),
        image: Path | None = Input(
            description="A picture to classify instead of looking up an account. Give either this or a username.",
            default=None,
        ),
    ) -> Output:
        """Predict for one account or one picture, and record the evidence as metrics."""
        threads = self.threads if image is None else self.decoders
        with self.cleaner.after_prediction():
            prediction = await cancellation.run(threads, predict, username, image, self.github, self.classifier)
        scope = self.scope
        for name, value in prediction.metrics().items():
            scope.record_metric(name, value)
        return Output(**prediction.output())
