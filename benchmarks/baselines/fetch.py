"""A Predictor that fetches an avatar with requests and decodes it with Pillow, in as many threads as predict.py."""

import asyncio
import io
import os
from concurrent.futures import ThreadPoolExecutor

import cog
import requests
from cog import BaseRunner
from PIL import Image
from requests.adapters import HTTPAdapter

THREADS = 32


class Predictor(BaseRunner):
    """Returns the size of an account's avatar."""

    def setup(self) -> None:
        """Create the session, with a connection for each thread."""
        self.github = os.environ["GITHUB_URL"]
        self.session = requests.Session()
        self.session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
        # predict.py does not read proxies from the environment for loopback addresses either.
        self.session.trust_env = False
        self.executor = ThreadPoolExecutor(THREADS)

    @cog.concurrent(max=256)
    async def run(self, username: str) -> str:
        """Return width and height, such as 420×420."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, self.fetch_size, username)

    def fetch_size(self, username: str) -> str:
        """Fetch and decode the avatar. Raises requests.RequestException."""
        response = self.session.get(f"{self.github}/{username}.png", timeout=10)
        response.raise_for_status()
        picture = Image.open(io.BytesIO(response.content))
        picture.load()
        return f"{picture.width}×{picture.height}"
