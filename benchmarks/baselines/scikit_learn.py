"""A Predictor that imports what a scikit-learn classifier needs, and returns its input."""

import cog
from cog import BaseRunner
from sklearn import linear_model, pipeline, preprocessing


class Predictor(BaseRunner):
    """Returns its input."""

    @cog.concurrent(max=256)
    async def run(self, username: str) -> str:
        """Return the username and the names of the imported modules."""
        return f"{username}: {linear_model.__name__}, {pipeline.__name__}, {preprocessing.__name__}"
