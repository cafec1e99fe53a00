"""What Cog's predictor needs: running without Docker, logging, and cleaning up after Cog."""

SLOTS = 256
"""The number of predictions that Cog accepts at once; it refuses others with 409.

CONNECTIONS of them run, and the others wait. Cog frees a slot slightly after it has sent the response. Each client can
therefore occupy two slots, and SLOTS // 2 clients that always have one request open never get 409.
"""

COG_VARIABLES = {"COG_MAX_CONCURRENCY": str(SLOTS), "TOKIO_WORKER_THREADS": "1"}
"""Environment variables of Cog's server. An image has the same ones, from predict.py and cog.yaml.

Cog 0.23.1 takes a free slot with a lock that it tries once. With several threads, a request that arrives at the same
moment as another one would get 409 although slots are free.
"""
