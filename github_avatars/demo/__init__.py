"""A stand-in for GitHub on this machine, which serves the pictures of avatars/.

    with GitHubStandIn() as standin:
        GitHub(standin.url).fetch("octocat")

It behaves like github.com and avatars.githubusercontent.com, both at one address: /LOGIN.png redirects to
/u/ACCOUNT-ID?v=4, which serves the picture, as does /LOGIN, and unknown logins are 404. All requests use real sockets.

`faults` change the response at single paths. `responding`, `dripping`, `resetting` and `interim` create faults, and
`once` limits a fault to the first requests. A mode changes all other responses; MODES contains those that GitHub could
show:

    with GitHubStandIn(mode=MODES["drip"]) as standin: ...

With `graph=Graph()`, it also has 2,000 accounts that follow each other, in two communities.

The command `github-avatars demo --mode drip` does the same.
"""

from github_avatars.demo.faults import dripping, interim, once, resetting, responding
from github_avatars.demo.graph import Graph
from github_avatars.demo.modes import MODES
from github_avatars.demo.standin import Exchange, Fault, GitHubStandIn, Mode, run
from github_avatars.resources import AVATARS

__all__ = [
    "AVATARS",
    "MODES",
    "Exchange",
    "Fault",
    "GitHubStandIn",
    "Graph",
    "Mode",
    "dripping",
    "interim",
    "once",
    "resetting",
    "responding",
    "run",
]
