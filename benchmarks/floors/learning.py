"""The floor that imports what any classifier of scikit-learn needs, and then does nothing."""

import cog
from cog import BaseRunner
from sklearn import linear_model, pipeline, preprocessing


class Predictor(BaseRunner):
    """Answers with what it was asked, and what it imported."""

    @cog.concurrent(max=32)
    async def run(self, username: str) -> str:
        """The username, and the names of what was imported."""
        return f"{username}: {linear_model.__name__}, {pipeline.__name__}, {preprocessing.__name__}"
