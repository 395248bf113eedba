"""What people write on trials, and trials out of sight: notes, tags, the archive. None of it touches a verdict."""

from collections.abc import Sequence

from sqlalchemy import Connection, exists, select, update

from core.errors import Conflict, InvalidInput
from core.records import Trial
from core.states import RunState, TrialState
from core.store import schema
from core.store.part import lost_the_race
from core.store.trial_rows import TrialRows

_table = schema.trials
_runs = schema.runs
_studies = schema.studies
NOTE_LENGTH = 4000
TAG_LENGTH = 40
MOST_TAGS = 20


class TrialNotes(TrialRows):
    """The columns `note`, `tags` and `archived_at` of `trials`."""

    def write(self, trial: Trial, note: str, actor: str) -> Trial:
        """Replace the note that `trial` has. Raises Conflict when somebody wrote another one meanwhile, InvalidInput
        when it is too long."""
        text = note.strip()
        if len(text) > NOTE_LENGTH:
            raise InvalidInput(f"a note has at most {NOTE_LENGTH} characters; this one has {len(text)}: shorten it")
        with self.database.write() as connection:
            guard = update(_table).where(_table.c.id == trial.id, _table.c.note == trial.note)
            if not connection.execute(guard.values(note=text)).rowcount:
                what = f"the note on trial {trial.number}"
                raise lost_the_race(connection, what, "trial_id", trial.id, "written", "trial noted")
            self._note(connection, "trial noted", actor, {"note": text}, study_id=trial.study_id, trial_id=trial.id)
            return self._trial(connection, trial.id)

    def tag(self, trial_ids: Sequence[int], add: Sequence[str], remove: Sequence[str], actor: str) -> list[Trial]:
        """Give these trials some tags and take others; what they have of either kind already stays as it is.

        Raises InvalidInput for a tag that is blank, has a comma or is too long, or for too many.
        """
        wanted = [_checked(tag) for tag in add]
        with self.database.write() as connection:
            changed = []
            for id in trial_ids:
                trial = self._trial(connection, id)
                tags = [tag for tag in dict.fromkeys([*trial.tags, *wanted]) if tag not in remove]
                if len(tags) > MOST_TAGS:
                    raise InvalidInput(f"trial {trial.number} would have {len(tags)} tags; {MOST_TAGS} are the most")
                if tuple(tags) != trial.tags:
                    connection.execute(update(_table).where(_table.c.id == id).values(tags=tags))
                    ids = {"study_id": trial.study_id, "trial_id": id}
                    self._note(connection, "trial tagged", actor, {"tags": tags}, **ids)
                    changed.append(self._trial(connection, id))
            return changed

    def archive(self, trial: Trial, actor: str) -> Trial:
        """Take a trial out of lists and plots. Raises Conflict for one that is needed there: it waits or runs, or is
        the baseline, the current best or the recommended trial."""
        with self.database.write() as connection:
            now = self._trial(connection, trial.id)
            if why := self._needed(connection, now):
                raise Conflict(f"trial {now.number} stays in sight: {why}")
            return self._shelve(connection, now, self.clock.now(), "trial archived", actor)

    def restore(self, trial: Trial, actor: str) -> Trial:
        """Bring it back."""
        with self.database.write() as connection:
            return self._shelve(connection, self._trial(connection, trial.id), None, "trial restored", actor)

    def _shelve(self, connection: Connection, trial: Trial, at: float | None, kind: str, actor: str) -> Trial:
        if (trial.archived_at is None) == (at is None):
            return trial
        connection.execute(update(_table).where(_table.c.id == trial.id).values(archived_at=at))
        self._note(connection, kind, actor, study_id=trial.study_id, trial_id=trial.id)
        return self._trial(connection, trial.id)

    def _needed(self, connection: Connection, trial: Trial) -> str:
        """Why it cannot be archived; empty when it can."""
        if trial.state is TrialState.PROPOSED:
            return "it waits for a decision; veto it first"
        alive = _runs.c.state.in_([RunState.QUEUED, RunState.RUNNING])
        if connection.execute(select(exists().where(_runs.c.trial_id == trial.id, alive))).scalar():
            return "it still runs; cancel it first"
        study = connection.execute(select(_studies).where(_studies.c.id == trial.study_id)).mappings().one()
        if trial.kind == "baseline":
            return "it is the baseline, which every gain is measured from"
        if trial.id in (study["incumbent_id"], study["recommended_id"]):
            return "it is the current best or the recommended trial"
        return ""


def _checked(tag: str) -> str:
    text = tag.strip()
    if not 0 < len(text) <= TAG_LENGTH or "," in text:
        raise InvalidInput(f"{tag!r} is no tag: 1 to {TAG_LENGTH} characters without a comma")
    return text
