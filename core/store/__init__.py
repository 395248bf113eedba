"""SQL as the only truth; the one folder that imports sqlalchemy."""

from core.clock import Clock
from core.store.calls import Calls
from core.store.database import Database
from core.store.datasets import Datasets
from core.store.events import Events
from core.store.foreign import Foreign
from core.store.index import IndexNotes
from core.store.leases import Leases
from core.store.lessons import Lessons
from core.store.links import Links
from core.store.listings import Listings
from core.store.proposals import Found, Proposals
from core.store.reveals import Reveals
from core.store.runs import Runs
from core.store.shelf import Shelf
from core.store.studies import Studies
from core.store.study_lines import StudyLines
from core.store.trial_lines import TrialLines
from core.store.trial_notes import TrialNotes
from core.store.trials import Trials

__all__ = ["Found", "Store"]


class Store:
    """Every aggregate over one database. Raises InvalidInput, StorageFailed, NewerSchema."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.database = Database(url)
        self.datasets = Datasets(self.database, clock)
        self.studies = Studies(self.database, clock)
        self.trials = Trials(self.database, clock)
        self.trial_notes = TrialNotes(self.database, clock)
        self.trial_lines = TrialLines(self.database, clock)
        self.proposals = Proposals(self.database, clock)
        self.calls = Calls(self.database, clock)
        self.runs = Runs(self.database, clock)
        self.lessons = Lessons(self.database, clock)
        self.links = Links(self.database, clock)
        self.foreign = Foreign(self.database, clock)
        self.reveals = Reveals(self.database, clock)
        self.events = Events(self.database, clock)
        self.leases = Leases(self.database, clock)
        self.index = IndexNotes(self.database, clock)
        self.listings = Listings(self.database, clock)
        self.shelf = Shelf(self.database, clock)
        self.study_lines = StudyLines(self.database, clock)

    def close(self) -> None:
        """Close the database."""
        self.database.close()
