"""import, profile, storage, backup, restore."""

import argparse
from pathlib import Path
from typing import Any

from rich.progress import TimeElapsedColumn

from core.cli.output import note, notes, print_json, print_table, progress, say
from core.data.importing import preview
from core.data.options import MASKINGS, SPLITS, ImportOptions
from core.data.profile import Profile
from core.data.profile_words import words
from core.data.regimes import REGIMES
from core.disk import free, usage
from core.errors import InvalidInput
from core.figures import percent, size
from core.intake import SAMPLE, SAMPLE_SEED
from core.records import Dataset
from core.settings import Settings
from core.store.backup import backup, restore
from core.workspace import Workspace

_LEVEL_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    _add_import(verbs)
    shown = verbs.add_parser("profile", help="what is known of a dataset, in numbers and words")
    shown.add_argument("dataset", nargs="?", help="name or id; without it, the list of datasets")
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=show_profile)
    stored = verbs.add_parser("storage", help="what takes disk space; --free gives back what nobody needs")
    stored.add_argument("--free", action="store_true", help="say what can go; with --yes, delete it")
    stored.add_argument("--yes", action="store_true", help="really delete")
    stored.add_argument("--json", action="store_true")
    stored.set_defaults(run=show_storage)
    saved = verbs.add_parser("backup", help="database, datasets and artifacts in one file")
    saved.add_argument("target", type=Path)
    saved.add_argument("--without-weights", action="store_true")
    saved.set_defaults(run=make_backup)
    back = verbs.add_parser("restore", help="a backup into an empty home")
    back.add_argument("source", type=Path)
    back.set_defaults(run=restore_backup, without_workspace=True)


def _add_import(verbs: Any) -> None:
    verb = verbs.add_parser("import", help="a file or folder of interactions into a dataset")
    verb.add_argument("source", help=f"a path, '{SAMPLE}' for the embedded sample, or regime:NAME for generated data")
    verb.add_argument("--name", help="the dataset's name (default: the file's)")
    verb.add_argument("--columns", help="override detection: user=COL,item=COL,timestamp=COL,event=COL,rating=COL")
    verb.add_argument("--titles", type=Path, help="a second file with item and title")
    verb.add_argument("--split", choices=SPLITS, default=SPLITS[0])
    verb.add_argument("--min-user-events", type=int, help="k-core on users; 1 keeps all")
    verb.add_argument("--min-item-events", type=int, help="k-core on items; 1 keeps all")
    verb.add_argument("--max-user-events", type=int, help="keep the latest events of each user")
    verb.add_argument("--target-events", help="event types that are targets, such as purchase,cart; others are context")
    verb.add_argument("--drop-duplicates", action="store_true", help="same user, item and time count once")
    verb.add_argument("--masking", choices=MASKINGS, help="default: by the repeat rate")
    verb.add_argument("--lineage", help="tie it to an older version of the same data")
    verb.add_argument("--preview", action="store_true", help="show what would be read, import nothing")
    verb.add_argument("--seed", type=int, default=SAMPLE_SEED, help="of generated data")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=import_file)


def import_file(workspace: Workspace, given: argparse.Namespace) -> int:
    """Detect, show a preview, import, show the card."""
    if given.source == SAMPLE or given.source.startswith("regime:"):
        return _show_card(_generated(workspace, given), given.json)
    source = Path(given.source)
    columns = _columns(given.columns)
    if not given.json:
        _show_preview(source, columns)
    if given.preview:
        return 0
    options = ImportOptions(
        columns=columns,
        titles=given.titles,
        split=given.split,
        min_user_events=given.min_user_events,
        min_item_events=given.min_item_events,
        max_user_events=given.max_user_events,
        target_events=tuple(given.target_events.split(",")) if given.target_events else None,
        drop_duplicates=given.drop_duplicates,
        masking=given.masking,
        lineage=given.lineage,
    )
    name = given.name or source.name.partition(".")[0]
    with progress(TimeElapsedColumn()) as bar:
        task = bar.add_task("reading", total=1.0)
        dataset = workspace.intake.take(
            source,
            name,
            options,
            given.actor,
            lambda phase, share: bar.update(task, description=phase, completed=share),
        )
    return _show_card(dataset, given.json)


def _generated(workspace: Workspace, given: argparse.Namespace) -> Dataset:
    if given.source == SAMPLE and given.name in (None, SAMPLE):
        return workspace.intake.sample(given.actor)
    regime = given.source.removeprefix("regime:")
    if regime not in REGIMES:
        raise InvalidInput(f"no regime is called {regime!r}; there are {', '.join(REGIMES)}")
    return workspace.intake.take_regime(regime, given.name or regime, given.seed, given.actor)


def _columns(text: str | None) -> dict[str, str] | None:
    if not text:
        return None
    pairs = [pair.partition("=") for pair in text.split(",")]
    if any(not equals for _, equals, _ in pairs):
        raise InvalidInput(f"--columns {text!r}: write role=COLUMN, joined by commas, such as user=uid,item=sku")
    return {role.strip(): column.strip() for role, _, column in pairs}


def _show_preview(source: Path, columns: dict[str, str] | None) -> None:
    seen = preview(source, columns)
    note(f"{source}: {seen.format}")
    note("columns: " + ", ".join(f"{role} = {column}" for role, column in seen.columns.items()))
    note(seen.would_read)
    if seen.rows:
        roles = tuple(seen.rows[0])
        print_table(roles, [tuple(row.get(role) for role in roles) for row in seen.rows[:5]], console=notes)
    for finding in seen.findings:
        if finding.level != "info":
            note(f"{finding.level}: {finding.message}", "yellow")


def _show_card(dataset: Dataset, as_json: bool) -> int:
    if as_json:
        print_json(dataset.card)
        return 0
    counts, card = dataset.card["counts"], dataset.card
    synthetic = " · synthetic" if card["synthetic"] else ""
    say(f"{dataset.name} · {dataset.id}{synthetic}", "bold")
    say(f"{counts['users']:,} users, {counts['items']:,} items, {counts['interactions']:,} interactions")
    say(f"order: {card['order_rule']}; masking: {card['masking']} ({card['masking_reason']})")
    for finding in card["findings"]:
        say(f"{finding['level']}: {finding['message']}", _LEVEL_STYLES[finding["level"]])
    for row in card["bad_rows"][:3]:
        say(f"bad row, line {row['line']}: {row['reason']}", "yellow")
    say(f"next: python -m core tune {dataset.name}")
    return 0


def show_profile(workspace: Workspace, given: argparse.Namespace) -> int:
    """The profile of a dataset, or the list of all."""
    if given.dataset is None:
        return _list_datasets(workspace, given.json)
    dataset = workspace.store.datasets.get(given.dataset)
    profile = Profile.from_json(dataset.profile)
    if given.json:
        print_json({"dataset": dataset.id, "profile": profile.to_json(), "words": words(profile)})
        return 0
    phrases = words(profile)
    rows = [(name, _figure(name, value), phrases.get(name, "")) for name, value in profile.to_json().items()]
    print_table(
        ("feature", "value", "in words"),
        rows,
        f"{dataset.name}: profile of the training part",
        ("value",),
        ("in words",),
    )
    return 0


def _list_datasets(workspace: Workspace, as_json: bool) -> int:
    datasets = workspace.store.datasets.all()
    if as_json:
        print_json([dataset.card for dataset in datasets])
    elif not datasets:
        say("no datasets yet: python -m core import FILE --name NAME, or python -m core import sample")
    else:
        columns = ("name", "id", "users", "items", "interactions", "split", "masking")
        print_table(columns, [_listed(dataset) for dataset in datasets], right=columns[2:5], wrap=("name", "split"))
    return 0


def _listed(dataset: Dataset) -> tuple[str, ...]:
    counts = dataset.card["counts"]
    figures = (f"{counts[name]:,}" for name in ("users", "items", "interactions"))
    return (dataset.name, dataset.id, *figures, dataset.card["split"].replace("_", " "), dataset.card["masking"])


def _figure(name: str, value: float | int | None) -> str:
    if value is None:
        return "unknown"
    if name.endswith(("share", "rate", "predictability")):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def show_storage(workspace: Workspace, given: argparse.Namespace) -> int:
    """What takes space, and what could go."""
    if given.free:
        return _free(workspace, given)
    rows = usage(workspace.store, workspace.settings)
    if given.json:
        print_json([vars(row) for row in rows])
        return 0
    print_table(("what", "size"), [(row.what, size(row.size)) for row in rows], right=("size",), wrap=("what",))
    return 0


def _free(workspace: Workspace, given: argparse.Namespace) -> int:
    freed = free(workspace.store, workspace.settings, dry_run=not given.yes)
    if given.json:
        print_json([vars(each) for each in freed])
        return 0
    if not freed:
        say("nothing can be freed: whatever is there is needed")
        return 0
    print_table(("what", "size"), [(each.what, size(each.size)) for each in freed], right=("size",), wrap=("what",))
    total = size(sum(each.size for each in freed))
    say(f"{total} freed" if given.yes else f"{total} can be freed: python -m core storage --free --yes")
    return 0


def make_backup(workspace: Workspace, given: argparse.Namespace) -> int:
    """Everything in one file."""
    done = backup(workspace.store, workspace.settings.home, given.target, with_weights=not given.without_weights)
    say(f"{given.target}: {done.files} files, {size(done.size)}")
    return 0


def restore_backup(settings: Settings, given: argparse.Namespace) -> int:
    """A backup into an empty home."""
    done = restore(given.source, settings.home)
    say(f"{settings.home}: {done.files} files restored; rebuild the index: python -m core memory rebuild")
    return 0
