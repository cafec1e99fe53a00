"""What Cog's predictor needs: running without Docker, logging, and cleaning up after Cog."""
