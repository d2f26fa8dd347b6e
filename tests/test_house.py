"""The house keeps its order: rooms look back only, light modules stay light."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "arcworld"
PATH = ("recordings", "frames", "tokens", "models", "online", "planning", "play")
HEAVY = ("torch", "transformers", "arc_agi", "arcengine", "matplotlib", "lightning_fabric", "peft")
NOT_FOR_HELP = (*HEAVY, "gymnasium", "huggingface_hub", "numpy", "scipy", "starlette")
"""What `arcworld --help` does not load, nor `import arcworld`."""

ALLOWED: dict[str, set[str]] = {
    **{room: set(PATH[:place]) for place, room in enumerate(PATH)},
    "goals": {"recordings", "models", "online"},
    "planning": {*PATH[:5], "goals"},
    "play": {*PATH[:6], "goals"},
    "training": set(PATH[:6]),
    "evaluation": set(PATH[:6]),
    "games": {"recordings", "play"},
    "diagnosis": {*PATH[:6], "evaluation"},
    "tournament": {*PATH, "evaluation"},
    "collection": {*PATH, "tournament"},
    "integrations": set(PATH),
    "benchmarks": {*PATH[:6], "training"},
    "film": set(PATH),
    "web": {*PATH, "evaluation"},
}
"""What each room may import beside itself; every room may import `errors` and the package."""
LAZILY: dict[str, set[str]] = {"evaluation": {"play", "games"}, "diagnosis": {"play"}}
"""What a room may import within a function only."""


FOLDERS: dict[str, tuple[str, ...]] = {
    "models": ("transformer", "policies", "decoding", "storage"),
    "evaluation": ("measures", "report", "online"),
}
"""Folders within rooms, each of which imports only those before it."""


def modules() -> list[Path]:
    found = sorted(PACKAGE.rglob("*.py"))
    return [path for path in found if "environment_files" not in path.parts]


def room_of(path: Path) -> str:
    """`models` for arcworld/models/run.py; `cli` for arcworld/cli.py."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> set[str]:
    """Full names of what is imported anywhere below."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            names.add(node.module or "")
            if node.module == "arcworld":
                names |= {f"arcworld.{alias.name}" for alias in node.names}
    return names


def direct_imports(tree: ast.AST) -> set[str]:
    """As `imports_of`, with the names of submodules taken from packages."""
    found = imports_of(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_in(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("arcworld.")}


def inside_functions(tree: ast.AST) -> set[str]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return set[str]().union(*(imports_of(function) for function in functions))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_import_only_rooms_before_them(path: Path) -> None:
    room = room_of(path)
    if room in ("cli", "commands", "__init__", "errors"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    allowed = ALLOWED[room] | {room, "errors", "__version__"}
    wrong = rooms_in(imports_of(tree)) - allowed
    lazily = rooms_in(inside_functions(tree)) & LAZILY.get(room, set())
    assert wrong <= lazily, f"{room} imports {sorted(wrong - lazily)}"


@pytest.mark.parametrize("room", FOLDERS)
def test_folders_of_a_room_import_only_folders_before_them(room: str) -> None:
    folders = FOLDERS[room]
    for path in (path for path in modules() if room_of(path) == room):
        folder = path.parent.name
        if folder not in folders:
            continue
        names = imports_of(ast.parse(path.read_text(encoding="utf-8")))
        for later in folders[folders.index(folder) + 1 :]:
            assert not [name for name in names if name.startswith(f"arcworld.{room}.{later}")], path


def test_no_room_imports_the_command_line() -> None:
    for path in modules():
        if room_of(path) not in ("cli", "commands"):
            names = imports_of(ast.parse(path.read_text(encoding="utf-8")))
            assert not rooms_in(names) & {"cli", "commands"}, path


def test_no_import_cycle_between_files() -> None:
    """Also not by imports within functions or for type checking; the package itself is left out."""
    files = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in modules()}
    files = {name.removesuffix(".__init__"): path for name, path in files.items()}
    graph = {
        name: direct_imports(ast.parse(path.read_text(encoding="utf-8"))) & files.keys() - {name}
        for name, path in files.items()
        if name != "arcworld"
    }
    for names in graph.values():
        names.discard("arcworld")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_every_room_is_known() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").is_file()}
    assert rooms == {*ALLOWED, "commands"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_say_what_they_are(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def loaded_by(statement: str) -> list[str]:
    """Which heavy packages a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    reported = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return reported.stdout.split()


@pytest.mark.parametrize(
    "module",
    [
        "arcworld.cli",
        "arcworld.recordings",
        "arcworld.games.catalogue",
        "arcworld.online.model",
        "arcworld.goals",
    ],
)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") == []


def test_help_loads_nothing_heavy() -> None:
    """`arcworld --help` answers before any package that takes long to load."""
    code = (
        "import sys\nfrom arcworld.cli import main\nassert main(['--help']) == 0\n"
        f"print('loaded:', *[m for m in {NOT_FOR_HELP!r} if m in sys.modules])"
    )
    reported = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    shown, loaded = reported.stdout.rsplit("loaded:", 1)
    assert "evaluate" in shown
    assert loaded.split() == []


def tracked() -> list[Path]:
    reported = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in reported.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_nothing_names_a_registry_or_unpickles() -> None:
    registry = re.compile(r"https?://[^ \"]+/(simple|packages)(/|\"|$)")
    pickle = re.compile(
        r"^\s*import pickl[e]|pickl[e]\.loads?\(|torch\.loa[d]\(|allow_pickl[e]=True", re.M
    )
    for path in tracked():
        if path.suffix in (".png", ".gz", ".safetensors", ".npy"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not registry.search(text), path
        assert path.suffix != ".py" or not pickle.search(text), path
    assert not [path for path in tracked() if path.name in ("uv.lock", "poetry.lock", "pdm.lock")]


def test_no_file_stem_stands_in_three_rooms() -> None:
    """`page` in three rooms says of none which page it is."""
    rooms: dict[str, set[str]] = {}
    for path in modules():
        rooms.setdefault(path.stem, set()).add(str(path.parent))
    rooms.pop("__init__")
    assert {stem: sorted(where) for stem, where in rooms.items() if len(where) > 2} == {}
