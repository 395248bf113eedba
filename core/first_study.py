"""The study that is one click away on a fresh machine: small enough for a first verdict within two minutes."""

from core.records import Study
from core.starting import StudyPlan, start_study
from core.workspace import Workspace

TRIALS = 6  # the baseline and five proposals
EPOCHS = 3  # measured on two free cores: four runs (baseline of three seeds, first proposal) end within two minutes


def start_first_study(workspace: Workspace, actor: str) -> Study:
    """Import the embedded synthetic sample unless it is there, and start a study on it in which a person decides.

    Raises what an import and a start raise.
    """
    dataset = workspace.intake.sample(actor)
    plan = StudyPlan(dataset=dataset.id, trials=TRIALS, epochs=EPOCHS, autonomy="each")
    return start_study(workspace.store, plan, actor)
