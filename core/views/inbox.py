"""Every proposal that waits, across studies: a page of cards, and which of them is open."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.figures import duration, objective_words, param_value, signed
from core.records import Proposal, Study, Trial
from core.store import Store

PAGE = 8  # cards beside one open proposal


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits, with what a person saw of it (`approval_hash`)."""

    trial_id: int
    study_id: int
    study: str
    number: int
    changes: tuple[tuple[str, str, str], ...]  # field, the current best's value, the proposed one
    expected: str
    cost: str
    since: float
    deadline_at: float | None
    stale: bool
    approval_hash: str


@dataclass(frozen=True)
class Inbox:
    """One page of what waits, oldest first; `chosen` is the trial to show, `page` counts from 0."""

    cards: tuple[Waiting, ...]
    total: int
    page: int
    pages: int
    chosen: Waiting | None
    studies: Mapping[int, str]  # those that have something waiting
    oldest: float | None

    def beside(self, steps: int) -> int | None:
        """The trial so many cards further on this page; None at its end."""
        ids = [card.trial_id for card in self.cards]
        place = ids.index(self.chosen.trial_id) + steps if self.chosen else -1
        return ids[place] if 0 <= place < len(ids) else None


def inbox(store: Store, page: int = 0, study_id: int | None = None, asked: int | None = None) -> Inbox:
    """The page with the trial asked for; once that one is decided, the next one that waits is shown instead."""
    listings = store.listings
    total = listings.count_waiting(study_id)
    if asked is not None and total:
        page = min(listings.waits_before(asked, study_id), total - 1) // PAGE
    pages = max(1, -(-total // PAGE))
    page = max(0, min(page, pages - 1))
    cards = waiting_cards(store, PAGE, page * PAGE, study_id)
    names = {id: store.studies.get(id).name for id in listings.studies_that_wait()}
    first = listings.waiting(1, 0, study_id)
    return Inbox(
        cards=cards,
        total=total,
        page=page,
        pages=pages,
        chosen=_chosen(cards, asked),
        studies=names,
        oldest=first[0].created_at if first else None,
    )


def waiting_cards(store: Store, limit: int, offset: int = 0, study_id: int | None = None) -> tuple[Waiting, ...]:
    """Proposals that wait, oldest first."""
    trials = store.listings.waiting(limit, offset, study_id)
    proposals = store.listings.proposals([trial.id for trial in trials])
    studies = {id: store.studies.get(id) for id in {trial.study_id for trial in trials}}
    return tuple(
        _card(trial, proposals[trial.id], studies[trial.study_id]) for trial in trials if trial.id in proposals
    )


def _chosen(cards: tuple[Waiting, ...], asked: int | None) -> Waiting | None:
    if not cards:
        return None
    return next((card for card in cards if asked is not None and card.trial_id >= asked), cards[0 if not asked else -1])


def _card(trial: Trial, proposal: Proposal, study: Study) -> Waiting:
    minutes = proposal.cost.get("minutes")
    return Waiting(
        trial_id=trial.id,
        study_id=trial.study_id,
        study=study.name,
        number=trial.number,
        changes=tuple((field, param_value(old), param_value(new)) for field, (old, new) in proposal.changes.items()),
        expected=_expected(proposal.expected, study.objective),
        cost="cost not known yet" if minutes is None else duration(minutes * 60),
        since=trial.created_at,
        deadline_at=trial.deadline_at,
        stale=bool(proposal.stale),
        approval_hash=trial.approval_hash,
    )


def _expected(expected: Mapping[str, float | None], objective: str) -> str:
    """`expected validation NDCG@10 +0.0018 ± 0.0014`; relative while no baseline gives the scale."""
    what = f"expected validation {objective_words(objective)}"
    absolute, sd = expected.get("absolute"), expected.get("absolute_sd")
    if absolute is not None and sd is not None:
        return f"{what} {signed(absolute)} ± {sd:.4f}"
    relative, relative_sd = expected.get("relative"), expected.get("relative_sd")
    if relative is None or relative_sd is None:
        return "no expected change given"
    return f"{what} {signed(relative * 100, 1)} ± {relative_sd * 100:.1f} %"
