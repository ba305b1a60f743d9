"""Change the code of `plugins/plugin_utils` in small ways and see whether the unit tests fail: `make mutation`.

The changes are cosmic-ray's operators, a sample of them by a seed; what runs them is ours, as
docs/decisions/0005-mutants-in-forks.md says. A mutant is never written to disk: a fork of this process takes the
changed text as the module and runs the tests that concern it.
"""

from __future__ import annotations

import argparse
import ast
import collections
import dataclasses
import difflib
import importlib
import importlib.util
import itertools
import json
import os
import random
import resource
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UTILS = ROOT / "plugins" / "plugin_utils"
PACKAGE = "ansible_collections.imops.identity_manager.plugins.plugin_utils"
OUT = ROOT / "build" / "mutation"
MARGIN = 4
"""A mutant may take so many times the processor time of the unchanged code, and five seconds more."""
UNIT = "tests/unit"
TESTS: dict[str, tuple[str, ...]] = {
    "_dotnet/json_text": (f"{UNIT}/dotnet/test_json_text.py",),
    "_dotnet/json_editor": (f"{UNIT}/dotnet/test_json_text.py",),
    "_dotnet/xml_text": (f"{UNIT}/dotnet/test_xml_text.py", f"{UNIT}/settings/test_web_config.py"),
    "_windows/sddl": (
        f"{UNIT}/windows/test_sddl.py",
        f"{UNIT}/windows/test_effective_rights.py",
        f"{UNIT}/health/test_health_in_words.py",
    ),
    "_server/permissions": (
        f"{UNIT}/server/test_permissions.py",
        f"{UNIT}/run/test_refused_arguments.py",
        f"{UNIT}/hosting/test_hosting.py",
        f"{UNIT}/server/test_any_rights.py",
    ),
    "_core/plan": (
        f"{UNIT}/settings/test_protection_places.py",
        f"{UNIT}/settings/test_web_config.py",
        f"{UNIT}/hosting/test_hosting.py",
    ),
    "_core/mask": (f"{UNIT}/settings/test_shown.py", f"{UNIT}/test_filters.py"),
    "_hosting/application_pool": (f"{UNIT}/hosting/test_application_pool.py", f"{UNIT}/hosting/test_hosting.py"),
    "_hosting/site": (f"{UNIT}/hosting/test_site_in_the_way.py", f"{UNIT}/hosting/test_hosting.py"),
    "_hosting/site_changes": (f"{UNIT}/hosting/test_site_in_the_way.py", f"{UNIT}/hosting/test_hosting.py"),
    "_hosting/service": (f"{UNIT}/hosting/test_service_states.py", f"{UNIT}/hosting/test_service.py"),
    "_hosting/wanted_service": (f"{UNIT}/hosting/test_service_states.py", f"{UNIT}/hosting/test_service.py"),
    "_certificates/cert_pairs": (
        f"{UNIT}/run/test_refused_arguments.py",
        f"{UNIT}/certificates/test_certificates.py",
        f"{UNIT}/certificates/test_certificate_inputs.py",
        f"{UNIT}/certificates/test_renewal.py",
    ),
    "_certificates/new_pair": (f"{UNIT}/certificates/test_key_pair.py", f"{UNIT}/certificates/test_certificates.py"),
    "_settings/rules/table": (f"{UNIT}/settings/test_product_rules.py", f"{UNIT}/settings/test_vendor_samples.py"),
    "_settings/rules/connector_findings": (f"{UNIT}/settings/test_connector_rules.py",),
    "_settings/protection": (f"{UNIT}/settings/test_protection_places.py", f"{UNIT}/settings/test_protection.py"),
    "_agent/settings_files": (
        f"{UNIT}/agent/test_names_of_settings_files.py",
        f"{UNIT}/settings/test_product_rules.py",
    ),
    "_windows/iis_config": (f"{UNIT}/windows/test_iis_config.py", f"{UNIT}/hosting/test_site_in_the_way.py"),
}
"""The tests that concern each file, the quick ones first; a mutant is killed by the first that fails."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: the file's name, cosmic-ray's operator, where, and the changed text."""

    file: str
    operator: str
    line: int
    text: str


class _Run(ast.NodeTransformer):
    """Leaves of a program what is run: no annotations, and nothing of how a caller has to spell the arguments."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args, node.posonlyargs, node.kwonlyargs = [*node.posonlyargs, *node.args, *node.kwonlyargs], [], []
        node.defaults, node.kw_defaults = [*node.defaults, *(d for d in node.kw_defaults if d is not None)], []
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)


def meaning(text: str) -> str:
    """Return what of a text is run."""
    return ast.dump(_Run().visit(ast.parse(text)))


def places(file: str) -> list[tuple[str, str, int, int]]:
    """Return each place of a file where an operator of cosmic-ray fits: file, operator, occurrence, line."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    tree, found = get_ast((UTILS / f"{file}.py").read_text("utf-8")), []
    for name in operator_names():
        operator = get_operator(name)
        # 'is' for '==' is the same for what Python keeps once, as small numbers and names in the code.
        if not operator.arguments() and not name.endswith(("_Is", "_IsNot")):
            lines = [start[0] for node in ast_nodes(tree) for start, _end in operator().mutation_positions(node)]
            found += [(file, name, occurrence, line) for occurrence, line in enumerate(lines)]
    return found


def mutated(file: str, name: str, occurrence: int, line: int) -> Mutant | None:
    """Return a place's mutant; None where the change is no Python, or changes nothing that is run."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    text = (UTILS / f"{file}.py").read_text("utf-8")
    changed = mutate_code(text, get_operator(name)(), occurrence)
    try:
        if changed is None or meaning(changed) == meaning(text):
            return None
    except SyntaxError:
        return None
    return Mutant(file, name.removeprefix("core/"), line, changed)


def prepare() -> None:
    """Import what the tests need and the mutants do not touch, once for all forks."""
    for path in (ROOT / "tests" / "unit", ROOT / "tests", ROOT / "tools"):  # of both conftests the outer
        sys.path.insert(0, str(path))
    sys.pycache_prefix, sys.dont_write_bytecode = str(OUT / "pycache"), False
    for name in ("pytest", "hypothesis", "_hypothesis_pytestplugin", "yaml", "cryptography.x509", "conftest", "chain"):
        importlib.import_module(name)
    touched = [name for name in sys.modules if name.startswith(f"{PACKAGE}._")]
    assert not touched, f"imported before the forks: {touched}"


def run(file: str, text: str, tests: t.Sequence[str], seconds: float) -> tuple[str, float]:
    """Run tests with a file's text in its place; return how it ended, and the processor time.

    Args:
        file: the module's path below plugin_utils, without its ending.
        text: what it holds.
        tests: paths of test files.
        seconds: of the processor.

    Returns:
        ``survived``, ``killed`` or ``timeout``.
    """
    child = os.fork()
    if child == 0:
        _in_fork(file, text, tests, seconds)
    _pid, status, used = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        return "timeout", used.ru_utime
    return ("survived" if os.WEXITSTATUS(status) == 0 else "killed"), used.ru_utime


def _in_fork(file: str, text: str, tests: t.Sequence[str], seconds: float) -> t.NoReturn:
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
        silent = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(silent, stream)
        name = f"{PACKAGE}.{file.replace('/', '.')}"
        package = importlib.import_module(name.rpartition(".")[0])
        spec = importlib.util.find_spec(name)
        assert spec
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        setattr(package, Path(file).name, module)
        exec(compile(text, str(UTILS / f"{file}.py"), "exec"), module.__dict__)  # noqa: S102  (our own text, changed)
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}"]
        status = int(pytest.main([*options, *(str(ROOT / path) for path in tests)]))
    finally:
        os._exit(status)


def sample(files: t.Sequence[str], size: int, seed: int) -> t.Iterator[Mutant]:
    """Yield a sample of all mutants in the order in which they are run: the same for the same code and seed."""
    every = [place for file in files for place in places(file)]
    random.Random(seed).shuffle(every)  # noqa: S311  (a sample, no secret)
    return itertools.islice((mutant for place in every if (mutant := mutated(*place))), size)


def change(mutant: Mutant) -> str:
    """Return the lines of a change."""
    before = (UTILS / f"{mutant.file}.py").read_text("utf-8").splitlines()
    lines = list(difflib.unified_diff(before, mutant.text.splitlines(), lineterm="", n=0))[3:]
    return "\n".join(lines)


def main() -> int:
    """Print how each mutant of the sample ended, and write the summary; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (300)")
    parser.add_argument("--seed", type=int, default=7, help="of the sample (7)")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many (60)")
    parser.add_argument("files", nargs="*", default=list(TESTS), help="names of modules (all that have tests named)")
    given = parser.parse_args()
    began = time.monotonic()
    prepare()
    limits: dict[str, float] = {}
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    survivors = []
    for number, mutant in enumerate(sample(given.files, given.sample, given.seed), 1):
        if time.monotonic() - began > 60 * given.minutes:
            print(f"{given.minutes} minutes are over: {number - 1} of {given.sample} mutants ran")
            break
        tests = [path for path in TESTS[mutant.file] if (ROOT / path).exists()]
        if mutant.file not in limits:
            ended, used = run(mutant.file, (UTILS / f"{mutant.file}.py").read_text("utf-8"), tests, 600)
            if ended != "survived":
                print(f"the tests of {mutant.file} fail without a change: {', '.join(tests)}", file=sys.stderr)
                return 1
            limits[mutant.file] = MARGIN * used + 5
        ended, used = run(mutant.file, mutant.text, tests, limits[mutant.file])
        counts[mutant.file][ended] += 1
        print(
            f"{number}/{given.sample} {mutant.file}:{mutant.line} {mutant.operator}: {ended} ({used:.1f} s)", flush=True
        )
        if ended == "survived":
            survivors.append(
                {"file": mutant.file, "line": mutant.line, "operator": mutant.operator, "change": change(mutant)}
            )
            print(change(mutant), flush=True)
    return _report(given, counts, survivors)


def _report(
    given: argparse.Namespace, counts: t.Mapping[str, collections.Counter[str]], survivors: list[dict[str, t.Any]]
) -> int:
    total = sum(counts.values(), collections.Counter[str]())
    OUT.mkdir(parents=True, exist_ok=True)
    summary = {
        "seed": given.seed,
        "sample": sum(total.values()),
        "total": dict(total),
        "files": {file: dict(found) for file, found in sorted(counts.items())},
        "survivors": survivors,
    }
    (OUT / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")
    for file, found in sorted(counts.items()):
        print(f"{file:32} {sum(found.values()):4} mutants, {found['survived']:3} survived")
    print(f"{sum(total.values())} mutants, seed {given.seed}: {total['survived']} survived; {OUT / 'summary.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
