"""A small stand-in for GitHub on this machine, serving the pictures of avatars/.

    with GitHubStandIn() as standin:
        GitHub(standin.url).fetch("octocat")

It answers as github.com and avatars.githubusercontent.com do, both at one address: /LOGIN.png redirects to
/u/ACCOUNT-ID?v=4, which serves the picture; strangers get 404. Everything goes over real sockets.

`faults` make it misbehave: a mapping of paths to functions that stand in for the usual answer there.
`responding`, `dripping` and `resetting` make such functions, `once` limits one to the first requests.
`mode` is one for all other paths: MODES are the bad days that GitHub may have.

    with GitHubStandIn(mode=MODES["drip"]) as standin: ...

`python -m github_avatars.demo --mode drip` does the same as a program.
"""

from github_avatars.demo.faults import dripping, once, resetting, responding
from github_avatars.demo.modes import MODES
from github_avatars.demo.standin import AVATARS, Exchange, Fault, GitHubStandIn, Mode

__all__ = [
    "AVATARS",
    "MODES",
    "Exchange",
    "Fault",
    "GitHubStandIn",
    "Mode",
    "dripping",
    "once",
    "resetting",
    "responding",
]
