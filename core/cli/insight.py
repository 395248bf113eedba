"""calibration: how far an agent's predictions, and screening at a part of the epochs, may be trusted."""

import argparse
from dataclasses import asdict
from typing import Any

from core.agents.names import agent_word
from core.agents.reliability import reliability
from core.calibration import Calibration, calibrations
from core.cli.output import print_json, print_table, say
from core.figures import percent, signed_percent
from core.loop.screening import Screening
from core.workspace import Workspace


def add_verbs(verbs: Any) -> None:
    """Add this file's verb to the parser."""
    verb = verbs.add_parser("calibration", help="predicted against actual, by agent, over all studies")
    verb.add_argument("--study", help="of one study alone: id or name")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=show_calibration)


def show_calibration(workspace: Workspace, given: argparse.Namespace) -> int:
    """A row for each agent; every point with --json."""
    study = workspace.store.studies.get(given.study) if given.study else None
    found = calibrations(workspace.store, study.id if study else None)
    screened = reliability(Screening(workspace.store).looks(study)) if study else None
    if given.json:
        agents = [_json(each) for each in found]
        print_json({"agents": agents, "screening": asdict(screened) if screened else None})
    elif not found:
        say("no prediction has been put to the test yet: a trial has to be proposed, run as proposed, and judged")
    else:
        columns = (
            "agent",
            "predictions",
            "inside ±1.96 sd",
            "with noise",
            "right sign",
            "bias",
            "mean miss",
            "mean sd",
        )
        print_table(columns, [_row(each) for each in found], right=columns[1:], wrap=("agent",))
        for each in found:
            say(f"{agent_word(each.agent)}: {each.sentence} (95 % is stated)", "dim")
    if screened is not None and not given.json:
        say(f"screening: {screened.sentence}", "dim")
    return 0


def _row(each: Calibration) -> tuple[str, ...]:
    low, high = each.hit_interval
    return (
        agent_word(each.agent),
        str(len(each.points)),
        f"{percent(each.hit_rate, 0)} ({percent(low, 0)} to {percent(high, 0)})",
        percent(each.hit_rate_with_noise, 0),
        percent(each.sign_rate, 0),
        signed_percent(each.bias),
        percent(each.miss),
        percent(each.mean_sd),
    )


def _json(each: Calibration) -> dict[str, Any]:
    names = ("hit_rate", "hit_interval", "hit_rate_with_noise", "sign_rate", "bias", "miss", "mean_sd")
    points = [{**asdict(point), "is_inside": point.is_inside} for point in each.points]
    return {"agent": each.agent, **{name: getattr(each, name) for name in names}, "points": points}
