"""The arrows of the house, read from the imports of every file."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("app", "pages", "core", "recmodels", "vectorstore")
MAY_IMPORT = {
    "app": {"pages", "core"},
    "pages": {"pages", "core"},
    "core": {"core", "recmodels", "vectorstore"},
    "recmodels": {"recmodels"},
    "vectorstore": {"vectorstore"},
}
LIVES_IN: dict[str, str | tuple[str, ...]] = {
    "chromadb": "vectorstore/chroma.py",
    "sqlalchemy": "core/store/",
    "alembic": "core/store/",
    "langchain": "core/agents/llm/client.py",
    "langsmith": "core/agents/llm/client.py",
    "pydantic": "core/agents/llm/answers.py",
    "optuna": (
        "core/agents/sampling.py",
        "core/agents/importance.py",
        "core/history/reading.py",
        "core/views/landscape.py",
    ),
    "matplotlib": "core/report/",
    "streamlit": ("app.py", "pages/"),
    "plotly": "pages/",
    "torch": "recmodels/",
}
TRAINING_NEEDS = {"torch", "numpy", "pandas", "pyarrow", "safetensors"}
TORCH_FREE = ("recmodels.registry", "recmodels.space", "recmodels.ranking.metrics", "core.workspace", "core.cli")
REFUSED_NAMES = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py"}


def sources() -> Iterator[tuple[Path, str]]:
    """Every file of the program with its room."""
    for room in ROOMS:
        paths = [ROOT / f"{room}.py"] if room == "app" else sorted((ROOT / room).rglob("*.py"))
        for path in paths:
            yield path, room


def imports(path: Path) -> set[str]:
    """Full names of the modules a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively; name the whole path"
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_imports_only_the_rooms_below_it(room: str):
    for path, of in sources():
        if of == room:
            ours = {name.split(".")[0] for name in imports(path)} & set(ROOMS)
            assert ours <= MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {sorted(ours - MAY_IMPORT[room])}"


@pytest.mark.parametrize("library", LIVES_IN)
def test_each_library_lives_in_its_place(library: str):
    places = LIVES_IN[library]
    for path, _ in sources():
        if any(name.split(".")[0].startswith(library) for name in imports(path)):
            where = path.relative_to(ROOT).as_posix()
            assert where.startswith(places), f"{where} imports {library}, which lives in {places}"


def test_only_settings_read_the_environment():
    readers = []
    for path, room in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        uses = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv")]
        if uses and room != "recmodels":
            readers.append(path.relative_to(ROOT).as_posix())
    assert readers == ["core/settings.py"]


def test_training_needs_nothing_but_its_five_libraries():
    standard = set(sys.stdlib_module_names)
    for path, room in sources():
        if room == "recmodels":
            foreign = {name.split(".")[0] for name in imports(path)} - standard - {"recmodels"}
            assert foreign <= TRAINING_NEEDS, f"{path.name} imports {sorted(foreign - TRAINING_NEEDS)}"


def test_the_program_without_training_holds_no_torch():
    code = f"import sys, {', '.join(TORCH_FREE)}; sys.exit('torch' in sys.modules or 'chromadb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_pages_hold_no_sql_no_grouping_no_markup():
    for path, room in sources():
        if room in ("app", "pages"):
            text = path.read_text(encoding="utf-8")
            for refused in (r"unsafe_allow_html", r"\.groupby\(", r"\bselect\(", r"cache_data"):
                assert not re.search(refused, text), f"{path.relative_to(ROOT)} holds {refused}"


def test_style_is_written_in_one_place():
    for path, room in sources():
        if room in ("app", "pages") and path.name != "chart.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"""style=["']|<style""", text), path.relative_to(ROOT)


def test_dialogs_are_drawn_outside_fragments():
    for path, room in sources():
        if room in ("app", "pages") and path.name != "dialogs.py":
            text = path.read_text(encoding="utf-8")
            assert "st.dialog" not in text, f"{path.relative_to(ROOT)}: use dialogs.dialog (docs/decisions/0018)"


def test_no_file_is_named_for_nothing_in_particular():
    names = {path.name for path, _ in sources()}
    assert not names & REFUSED_NAMES


def test_foreign_data_is_never_unpickled():
    for path, _ in sources():
        assert not {"pickle", "dill", "joblib", "shelve"} & {name.split(".")[0] for name in imports(path)}, path


def test_requirements_are_pinned_and_name_the_modules_that_need_them():
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pin, _, reason = line.partition("#")
            assert "==" in pin, f"{line} is not pinned"
            places = [word.rstrip(",:") for word in reason.split() if "/" in word or word.rstrip(",:").endswith(".py")]
            assert places, f"{line} names no module"
            for place in places:
                assert (ROOT / place).exists(), f"{line} names {place}, which is not there"
