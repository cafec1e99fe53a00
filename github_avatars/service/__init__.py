"""What Cog's predictor needs: running it without Docker, log lines, cleaning up after Cog."""
