"""tools/mutants.py changes modules in one place at a time. Its runs of the tests are too slow to test here."""

import ast
from pathlib import Path

from tools import mutants

SOURCE = """\
@decorated(1)
def function(a: Literal[2], b: int = 3) -> Literal[4]:
    '''Text.'''
    a += 1
    if not a and 0 <= a < b:
        return True
    return a * b
"""


def test_operators_and_constants_are_mutated_and_annotations_and_decorators_are_not() -> None:
    changes = {(mutant.line, mutant.before, mutant.after) for mutant in mutants.mutate(Path("module.py"), SOURCE)}
    assert changes == {
        (2, "3", "4"),
        (4, "a += 1", "a -= 1"),
        (4, "1", "2"),
        (5, "not a and 0 <= a < b", "not a or 0 <= a < b"),
        (5, "not a", "not not a"),
        (5, "0 <= a < b", "0 < a < b"),
        (5, "0 <= a < b", "0 <= a <= b"),
        (5, "0", "1"),
        (6, "True", "False"),
        (7, "a * b", "a / b"),
    }


def test_mutants_have_one_change_each() -> None:
    lines = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in mutants.mutate(Path("module.py"), SOURCE):
        changed = [pair for pair in zip(lines, mutant.source.splitlines(), strict=True) if pair[0] != pair[1]]
        assert [before for before, _ in changed] == [lines[mutant.line - 1]]


def test_the_same_seed_chooses_the_same_mutants_and_all_have_tests() -> None:
    chosen = mutants.choose(30, seed=0)
    assert chosen == mutants.choose(30, seed=0)
    assert chosen != mutants.choose(30, seed=1)
    assert len(chosen) == 30
    tests = {path for mutant in chosen for path in mutants.tests_of(mutant.path).split()}
    assert [path for path in tests if not (mutants.ROOT / path).exists()] == []
