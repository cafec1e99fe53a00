"""Mutation testing: changes the core modules in one place at a time, and reports the changes that no test notices.

Run as `python -m tools.mutants`. The mutants are chosen at random, but with the same seed always the same ones. Each is
planted in a temporary copy of the project, where the tests of its package run. A surviving mutant shows a missing test,
unless it is equivalent to the original, such as a cache that is one entry larger.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

TESTS = {
    "features.py": "tests/test_features.py",
    "classifier.py": "tests/test_classifier.py tests/test_model_file.py",
    "prediction.py": "tests/test_prediction.py",
    "identicon/*.py": "tests/identicon",
    "picture/*.py": "tests/picture",
    "github/transport.py": "tests/github",
    "training/dataset.py": "tests/training",
    "training/duplicates.py": "tests/training",
}
"""The mutated modules of github_avatars, and the tests that should notice, separated by spaces."""

SWAPPED: tuple[tuple[type[ast.AST], type[ast.AST]], ...] = (
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
    *((ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.And, ast.Or)),
)
OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    **{before: after for pair in SWAPPED for before, after in (pair, pair[::-1])},
}
"""What replaces each operator."""

TIMEOUT = 900
"""Seconds after which the tests of a mutant count as failed, since a mutant may run forever."""

IGNORED = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache")


class Mutant(NamedTuple):
    """A change of one module: its path, line and column, the old and the new code, and the changed module."""

    path: Path
    line: int
    column: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.before} → {self.after}"


def mutate(path: Path, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module: an operator or a constant is replaced, or a condition is negated."""
    tree = ast.parse(source)
    ignored = {descendant for node in ast.walk(tree) for part in _ignored(node) for descendant in ast.walk(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.AugAssign) and node not in ignored:
            for field, replacement in _replacements(node):
                original, before = getattr(node, field), ast.unparse(node)
                setattr(node, field, replacement)
                yield Mutant(path, node.lineno, node.col_offset, before, ast.unparse(node), ast.unparse(tree))
                setattr(node, field, original)


def _ignored(node: ast.AST) -> list[ast.AST]:
    """Return the annotations and decorators of a node."""
    annotations = [part for name in ("annotation", "returns") if (part := getattr(node, name, None))]
    return annotations + getattr(node, "decorator_list", [])


def _replacements(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield the changes of a node: the name of a field, and its new value."""
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                if type(operator) in OPERATORS:
                    yield "ops", [*node.ops[:index], OPERATORS[type(operator)](), *node.ops[index + 1 :]]
        case ast.BinOp() | ast.BoolOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield "op", OPERATORS[type(node.op)]()
        case ast.UnaryOp(op=ast.Not()):
            yield "operand", ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=bool()):
            yield "value", not node.value
        case ast.Constant(value=int() | float() as number):
            yield "value", number + 1


@cache
def all_mutants() -> list[Mutant]:
    """Return every mutant of every module."""
    paths = [path.relative_to(ROOT) for pattern in TESTS for path in sorted((ROOT / "github_avatars").glob(pattern))]
    return [mutant for path in paths for mutant in mutate(path, (ROOT / path).read_text(encoding="utf-8"))]


def choose(number: int, seed: int, only: str = "") -> list[Mutant]:
    """Choose mutants at random, and return them in the order of `all_mutants`.

    If `only` is given, return those of them whose module contains it in its path.
    """
    indices = random.Random(seed).sample(range(len(all_mutants())), min(number, len(all_mutants())))
    return [mutant for index in sorted(indices) if only in str((mutant := all_mutants()[index]).path)]


def tests_of(path: Path) -> str:
    """Return the tests of a mutated module."""
    return next(tests for pattern, tests in TESTS.items() if path.match(f"github_avatars/{pattern}"))


def run_tests(project: Path, tests: str) -> bool:
    """Return whether tests pass in a copy of the project."""
    # A cached bytecode file would hide a change within the same second.
    environment = os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests.split()]
    try:
        result = subprocess.run(command, cwd=project, env=environment, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0


def survives(mutant: Mutant, project: Path) -> bool:
    """Plant a mutant in a copy of the project, and return whether its tests still pass."""
    file = project / mutant.path
    original = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        return run_tests(project, tests_of(mutant.path))
    finally:
        file.write_text(original, encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Run the tests of each mutant and report which ones survive. Return 1 if the tests fail without a mutant."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=80, help="number of mutants (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of their choice (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only those in modules with TEXT in the path")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    arguments = parser.parse_args(words)
    mutants = choose(arguments.number, arguments.seed, arguments.only)
    if arguments.list:
        print(*mutants, sep="\n")
        return 0
    # A script in the copy would otherwise install the copy into .venv, which both share.
    subprocess.run([ROOT / "script" / "bootstrap", "test"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(ROOT, project, ignore=IGNORED)
        (project / ".venv").symlink_to(ROOT / ".venv")
        for tests in sorted({tests_of(mutant.path) for mutant in mutants}):
            if not run_tests(project, tests):
                print(f"error: {tests} fails without a mutant: fix this first.", file=sys.stderr)
                return 1
        killed = 0
        for mutant in mutants:
            survived = survives(mutant, project)
            killed += not survived
            print("SURVIVED" if survived else "killed  ", mutant, flush=True)
    print(f"{killed} of {len(mutants)} mutants killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
