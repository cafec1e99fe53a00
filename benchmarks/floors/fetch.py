"""The floor that only fetches an account's avatar with requests and decodes it with Pillow, in threads as ours."""

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
    """Answers with the size of an account's avatar."""

    def setup(self) -> None:
        """Make the session, with a connection for each thread."""
        self.github = os.environ["GITHUB_URL"]
        self.session = requests.Session()
        self.session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
        # Ours does not ask the environment for proxies on the way to loopback either.
        self.session.trust_env = False
        self.threads = ThreadPoolExecutor(THREADS)

    @cog.concurrent(max=32)
    async def run(self, username: str) -> str:
        """Width and height, as 420×420."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.size, username)

    def size(self, username: str) -> str:
        """What `run` answers."""
        response = self.session.get(f"{self.github}/{username}.png", timeout=10)
        response.raise_for_status()
        picture = Image.open(io.BytesIO(response.content))
        picture.load()
        return f"{picture.width}×{picture.height}"
