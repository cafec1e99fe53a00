"""The floor that does nothing: what is left is Cog itself."""

import cog
from cog import BaseRunner


class Predictor(BaseRunner):
    """Answers with what it was asked."""

    @cog.concurrent(max=32)
    async def run(self, username: str) -> str:
        """The username itself."""
        return username
