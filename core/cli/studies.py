"""tune, follow, pause, resume, stop, cancel, archive, retry."""

import argparse
from typing import Any

from core.agents.names import AGENTS
from core.cli.follow import follow, show_end
from core.cli.limits import add_limit_options, gates_off, limits_of
from core.cli.output import note, print_json, print_table, say
from core.cli.spaces import add_space_options, given_space
from core.cli.study_json import study_json
from core.errors import NotFound
from core.intake import SAMPLE
from core.memory.warm_start import knows_lineage
from core.records import Study
from core.space import SearchSpace
from core.states import Autonomy, StudyState
from core.studies.starting import StudyPlan, start_study
from core.worker.launch import ensure_worker
from core.workspace import Workspace
from recmodels.registry import BACKBONES

MIN_GAIN = "smallest gain worth keeping (%(default)s); at 0 a study seldom ends before its budget is spent"
VERBS = {
    "pause": (StudyState.PAUSED, "stop working on a study; its runs keep their epochs"),
    "resume": (StudyState.ACTIVE, "go on with a paused study"),
    "stop": (StudyState.STOPPING, "end a study: running runs finish, then fresh seeds for the final figure"),
    "cancel": (StudyState.CANCELLED, "end a study at once, without a final figure"),
}


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    _add_tune(verbs)
    followed = verbs.add_parser("follow", help="see a study live; Ctrl-C leaves it running")
    followed.add_argument("study", nargs="?", help="id or name; without it, the list of studies")
    followed.add_argument("--json", action="store_true", help="wait for the end, then print JSON")
    followed.add_argument("--now", action="store_true", help="show where it stands and leave")
    followed.add_argument("--archived", action="store_true", help="list the archived ones instead")
    followed.set_defaults(run=follow_study)
    for name, (state, text) in VERBS.items():
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("study", help="id or name")
        verb.add_argument("--reason", default="")
        verb.set_defaults(run=move_study, state=state)
    shelved = verbs.add_parser("archive", help="take a study that has ended out of lists; its record stays")
    shelved.add_argument("study", help="id or name")
    shelved.add_argument("--restore", action="store_true", help="bring it back instead")
    shelved.set_defaults(run=archive_study)
    retried = verbs.add_parser("retry", help="queue a failed or pruned run again; it goes on from its last epoch")
    retried.add_argument("run_id", metavar="RUN", type=int)
    retried.set_defaults(run=retry_run)


def _add_tune(verbs: Any) -> None:
    plan = StudyPlan("")
    verb = verbs.add_parser("tune", help="start a study and follow it")
    verb.add_argument("dataset", help="name or id of an imported dataset")
    verb.add_argument("--backbone", default=plan.backbone, choices=tuple(BACKBONES))
    verb.add_argument("--name", help="the study's name (default: dataset-backbone)")
    verb.add_argument("--trials", type=int, default=plan.trials, help="budget, the baseline included (%(default)s)")
    verb.add_argument("--epochs", type=int, default=plan.epochs, help="most epochs of a run (%(default)s)")
    verb.add_argument("--autonomy", default=plan.autonomy, choices=tuple(Autonomy), help="who decides (%(default)s)")
    verb.add_argument("--deadline", type=float, metavar="MINUTES", help="of a proposal: window approves, each expires")
    verb.add_argument("--agent", default=plan.agent, choices=AGENTS)
    verb.add_argument("--objective", default=plan.objective)
    verb.add_argument("--min-gain", type=float, default=plan.min_gain, help=MIN_GAIN)
    add_limit_options(verb, [])
    add_space_options(verb)
    verb.add_argument(
        "--production", action="append", default=[], metavar="FIELD=VALUE", help="the config in production"
    )
    verb.add_argument("--seed", type=int, default=plan.seed)
    verb.add_argument("--instructions", default="", help="standing instructions for the agent")
    verb.add_argument("--ask-for", default="", metavar="FIELD,FIELD", help="fields whose change gated always asks for")
    verb.add_argument(
        "--parallel",
        type=int,
        default=plan.parallel,
        metavar="K",
        help="proposals at a time, on different fields (%(default)s)",
    )
    _add_memory_options(verb)
    verb.add_argument("--no-reflection", action="store_true", help="learn no lesson; the agent hears verdicts alone")
    verb.add_argument("--no-pruning", action="store_true", help="run hopeless trials to their end")
    verb.add_argument("--no-extra-seeds", action="store_true", help="no second look at promising trials")
    verb.add_argument("--detach", action="store_true", help="start it and leave")
    verb.add_argument("--json", action="store_true", help="wait for the end, then print JSON")
    verb.set_defaults(run=tune)


def _add_memory_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--no-memory", action="store_true", help="plan without lessons")
    verb.add_argument(
        "--memory-off-share",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="plan this share without lessons, to compare",
    )
    verb.add_argument("--without-lineage", action="store_true", help="leave out lessons learned on this very data")
    verb.add_argument(
        "--reject-lesson",
        type=int,
        action="append",
        default=[],
        metavar="LESSON",
        help="never use this lesson in the study (memory preview lists what is offered); may be repeated",
    )


def tune(workspace: Workspace, given: argparse.Namespace) -> int:
    """Start a study and follow it to its end."""
    _offer_sample(workspace, given.dataset)
    space = given_space(given, SearchSpace.of(given.backbone))
    plan = StudyPlan(
        dataset=given.dataset,
        backbone=given.backbone,
        name=given.name,
        objective=given.objective,
        trials=given.trials,
        epochs=given.epochs,
        autonomy=given.autonomy,
        agent=given.agent,
        min_gain=given.min_gain,
        guards=limits_of("--guard", given.guard, {}),
        caps=limits_of("--cap", given.cap, {}),
        gates_off=gates_off(given.gates),
        deadline_seconds=given.deadline * 60 if given.deadline is not None else None,
        seed=given.seed,
        space=space,
        instructions=given.instructions,
        use_memory=not given.no_memory,
        memory_off_share=given.memory_off_share,
        without_lineage=given.without_lineage,
        without_lessons=given.reject_lesson,
        extra_seeds=not given.no_extra_seeds,
        use_reflection=not given.no_reflection,
        use_pruning=not given.no_pruning,
        ask_for=given.ask_for.split(","),
        parallel=given.parallel,
        production=space.parse(given.production) or None,
    )
    study = start_study(workspace.store, plan, given.actor, workspace.settings.model)
    _tell_what_is_known(workspace, study)
    ensure_worker(workspace.settings)
    if given.detach:
        say(f"study {study.id} {study.name} runs; see it: python -m core follow {study.id}")
        return 0
    return _watch(workspace, study, given.json)


def _tell_what_is_known(workspace: Workspace, study: Study) -> None:
    dataset = workspace.store.datasets.get(study.dataset_id)
    known = knows_lineage(workspace.store, study, dataset)
    if known and study.use_memory and not study.without_lineage:
        lessons = "1 lesson" if known == 1 else f"{known} lessons"
        note(f"memory knows this data: {lessons} learned on it; --without-lineage leaves them out")


def follow_study(workspace: Workspace, given: argparse.Namespace) -> int:
    """Show a study until it ends, starting the worker when there is none."""
    if given.study is None:
        return _list_studies(workspace, given.json, given.archived)
    study = workspace.store.studies.get(given.study)
    if given.now:
        print_json(study_json(workspace, study)) if given.json else show_end(workspace, study)
        return 0
    if study.state in (StudyState.ACTIVE, StudyState.STOPPING):
        ensure_worker(workspace.settings)
    return _watch(workspace, study, given.json)


def _offer_sample(workspace: Workspace, dataset: str) -> None:
    """The embedded sample has to be brought in like any other data; say how."""
    if dataset == SAMPLE and all(known.name != SAMPLE for known in workspace.store.datasets.all(archived=True)):
        raise NotFound("the embedded sample is not imported yet: python -m core import sample, then tune again")


def _list_studies(workspace: Workspace, as_json: bool, archived: bool) -> int:
    names = {dataset.id: dataset.name for dataset in workspace.store.datasets.all(archived=True)}
    shelf = workspace.store.shelf
    studies = shelf.archived() if archived else workspace.store.studies.in_sight()
    if as_json:
        print_json([study_json(workspace, study)["study"] for study in studies])
    elif not studies:
        more = f"; {shelf.count()} archived: python -m core follow --archived" if shelf.count() else ""
        say("no study is archived" if archived else f"no studies yet: python -m core tune DATASET{more}")
    else:
        rows = [(s.id, s.name, names.get(s.dataset_id), s.backbone, s.autonomy, s.state) for s in studies]
        print_table(("id", "study", "dataset", "backbone", "autonomy", "state"), rows, right=("id",), wrap=("study",))
    return 0


def _watch(workspace: Workspace, study: Study, as_json: bool) -> int:
    try:
        study = follow(workspace, study)
    except KeyboardInterrupt:
        note(f"\nStudy {study.id} goes on without this window.")
        note(
            f"see it again: python -m core follow {study.id} · pause it: python -m core pause {study.id} · "
            f"stop it: python -m core stop {study.id}"
        )
        return 130
    if as_json:
        print_json(study_json(workspace, study))
    else:
        show_end(workspace, study)
    return 0 if study.state is StudyState.FINISHED else 1


def move_study(workspace: Workspace, given: argparse.Namespace) -> int:
    """pause, resume, stop or cancel."""
    study = workspace.store.studies.get(given.study)
    moved = workspace.store.studies.move(study.id, given.state, given.actor, given.reason)
    if moved.state in (StudyState.ACTIVE, StudyState.STOPPING):
        ensure_worker(workspace.settings)
    say(f"study {moved.id} {moved.name} is {moved.state}")
    return 0


def archive_study(workspace: Workspace, given: argparse.Namespace) -> int:
    """Out of sight, or back."""
    study, shelf = workspace.store.studies.get(given.study), workspace.store.shelf
    if given.restore:
        shelf.restore(study.id, given.actor)
        say(f"study {study.id} {study.name} is back")
    else:
        shelf.archive(study.id, given.actor)
        say(f"study {study.id} {study.name} is archived; bring it back: python -m core archive {study.id} --restore")
    return 0


def retry_run(workspace: Workspace, given: argparse.Namespace) -> int:
    """Queue a failed or pruned run again."""
    run = workspace.store.runs.retry(workspace.store.runs.get(given.run_id), given.actor)
    ensure_worker(workspace.settings)
    say(f"run {run.id} is queued again, from epoch {run.epoch}")
    return 0
