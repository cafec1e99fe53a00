"""The expansion of a scan: from its accounts at one depth to those on their lists of followers, at the next depth.

The accounts at a depth continue in the order of the input. Each page is kept in the store, so that an interrupted run
repeats its path from there and requests only the pages that it did not read (stored_lists.py).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from github_avatars.errors import BadLogin, ListUnavailable, NoSuchAccount
from github_avatars.github import API, Account, lists
from github_avatars.scan import stored_lists
from github_avatars.scan.options import Expansion, Observer
from github_avatars.scan.store import Store, account_key, account_keys

NAMED = 3
"""The number of accounts that a note names."""

RATE_LIMITS = {True: 5000, False: 60}
"""The number of requests to GitHub's API per hour with and without a token.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""


def estimate(expansion: Expansion, listed: int, *, has_token: bool) -> str:
    """About how many requests an expansion needs at most, for the user; `listed` accounts are those of the sources.

    Pages with accounts that are known already are not counted, because nobody knows their number.
    """
    continued = listed if expansion.depth == 1 else expansion.limit
    requests = continued + -(-expansion.limit // lists.PAGE_SIZE)
    return (
        f"Up to {expansion.limit:,} accounts need about {expansion.limit:,} requests for avatars, and up to about "
        f"{requests:,} for lists, of which GitHub allows {RATE_LIMITS[has_token]:,} per hour "
        f"with{'' if has_token else 'out'} a token."
    )


class Expander:
    """Adds the accounts on GitHub's lists of a scan's accounts to the store, one depth after the other.

    Nothing is added after `is_stopped` returns true, and no account for which `is_omitted` does.
    """

    def __init__(
        self,
        expansion: Expansion,
        store: Store,
        api: API,
        observer: Observer,
        *,
        is_stopped: Callable[[], bool],
        is_omitted: Callable[[Account], bool] = lambda _: False,
    ) -> None:
        self._expansion = expansion
        self._store = store
        self._api = api
        self._observer = observer
        self._is_stopped = is_stopped
        self._is_omitted = is_omitted
        self._accounts = 0

    def expand(self, depth: int) -> int:
        """Add the accounts on the lists of those at `depth`, at the next depth. Returns the number of accounts added.

        None are added beyond the depth of the expansion.

        GitHub Apps have no lists. A list that GitHub does not show is omitted with a note. Raises the other errors of
        lists.pages; what was added before remains in the store.
        """
        expansion, store = self._expansion, self._store
        if depth == expansion.depth:
            return 0
        lists_left = store.count_judged(depth, expansion.only)
        _, before, _ = store.count(None)
        self._accounts = before
        refusals: dict[str, Exception] = {}
        unnamed = 0
        for key, account in store.judged(depth, expansion.only):
            if self._is_stopped() or self._accounts >= expansion.limit:
                break
            if account.login is None:
                unnamed += 1
            elif not account.is_bot:
                try:
                    if not self._read_list(key, account.login, depth, lists_left):
                        break
                except (BadLogin, NoSuchAccount, ListUnavailable) as error:
                    refusals[account.login] = error
            lists_left -= 1
        with store.transaction() as connection:
            store.begin_depth(connection, depth + 1)
        if not self._is_stopped():
            self._note_omissions(refusals, unnamed, lists_left)
        return self._accounts - before

    def _read_list(self, key: str, login: str, depth: int, lists_left: int) -> bool:
        """Add the accounts on one list. Returns whether it was read to its end."""
        self._observer.expand(depth, lists_left, self._api.remaining)
        for page in stored_lists.pages(self._store, self._api, self._expansion.relation, login):
            if not self._add(key, page.accounts, depth + 1):
                return False
            self._observer.expand(depth, lists_left, self._api.remaining)
            is_full = self._accounts >= self._expansion.limit
            if page.cursor is not None and (is_full or self._is_stopped()):
                return False
        return True

    def _add(self, key: str, accounts: Sequence[Account], depth: int) -> bool:
        """Add the accounts on a page of the list of the account with this key. Returns False if the limit omits any."""
        known = self._store.inputs_among(name for account in accounts for name in account_keys(account))
        new: dict[str, Account] = {}
        listed, is_complete = [], True
        for account in accounts:
            name = next((name for name in account_keys(account) if name in known), None)
            if name is None and self._is_omitted(account):
                continue
            if name is None and self._accounts + len(new) >= self._expansion.limit:
                is_complete = False
                continue
            if name is None:
                name = account_key(account)
                new[name] = account
                known |= {*account_keys(account)}
            listed.append(name)
        followers = self._expansion.relation == "followers"
        with self._store.transaction() as connection:
            self._store.add_inputs(connection, new.items(), depth)
            self._store.add_edges(connection, ((name, key) if followers else (key, name) for name in listed))
        self._accounts += len(new)
        return is_complete

    def _note_omissions(self, refusals: Mapping[str, Exception], unnamed: int, lists_left: int) -> None:
        note = self._observer.note
        if refusals:
            names = ", ".join([*islice(refusals, NAMED), *(["…"] if len(refusals) > NAMED else [])])
            first = next(iter(refusals.values()))
            note(f"Lists that GitHub does not show are omitted: {len(refusals):,} ({names}). {first}")
        if unnamed:
            note(f"Accounts without a login in the source have no lists here: {unnamed:,}.")
        if lists_left:
            limit = f"The limit (--limit) of {self._expansion.limit:,} accounts is reached"
            note(f"{limit}: lists that are not read, or not to their end: {lists_left:,}.")
