"""From a file to a registered dataset: import, profile, a row in the store, a note for the index."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from core.data.distributions import keep
from core.data.importing import import_dataset
from core.data.options import ImportOptions
from core.data.profile import profile
from core.data.synthetic import generate, titles, write_tsv
from core.memory.documents import PROFILES
from core.records import Dataset
from core.settings import Settings
from core.store import Store

Progress = Callable[[str, float], None]
SAMPLE = "sample"
SAMPLE_SEED = 7


class Intake:
    """Brings datasets in."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def take(
        self, source: Path, name: str, options: ImportOptions, actor: str, progress: Progress | None = None
    ) -> Dataset:
        """Import a file or folder and register it. Raises ImportFailed, Conflict when the name is taken."""
        card = import_dataset(source, self._settings.home, name, options, progress)
        folder = self._settings.datasets / card.id / "open"
        measured = profile(folder).to_json()
        keep(self._settings.cache, card.id, folder)
        dataset = self._store.datasets.add(card.id, name, card.lineage, card.id, card.to_json(), measured, actor)
        self._store.index.post(PROFILES, dataset.id)
        return dataset

    def take_regime(self, regime: str, name: str, seed: int, actor: str, users: int | None = None) -> Dataset:
        """Generate a named regime and import it through the same door; labelled synthetic wherever it shows."""
        with tempfile.TemporaryDirectory() as folder:
            source, names = Path(folder) / f"{regime}.tsv", Path(folder) / f"{regime}_titles.tsv"
            write_tsv(generate(regime, seed, users), source)
            write_tsv(titles(regime, seed), names)
            return self.take(source, name, ImportOptions(titles=names, synthetic=True), actor)

    def sample(self, actor: str) -> Dataset:
        """The embedded sample; imported once."""
        known = next((d for d in self._store.datasets.all(archived=True) if d.name == SAMPLE), None)
        return known or self.take_regime("sample", SAMPLE, SAMPLE_SEED, actor)
