"""The words of the program, each in a line: what the menu's glossary says."""

WORDS = {
    "study": "one model tuned on one dataset: a search space, a budget, an agent, and who decides",
    "trial": "one config under one protocol",
    "seed run": "one training of a trial; its seed decides every random draw",
    "proposal": "what the agent wants to run next, frozen before it runs",
    "decision": "approve, edit, veto or expire: by whom, when, on exactly which config",
    "verdict": "▲ better, ▼ not better or ○ inconclusive, by a 95 % interval over the same users and the seeds' noise",
    "current best": "the best trial so far by verdict",
    "noise floor": "a typical difference between two seeds of one config",
    "falsifier": "what would prove a proposal's claim wrong",
    "lesson": "what the memory keeps: of this study, of this dataset, or across datasets under conditions",
    "trust": "share of a lesson's trials that came out as it says; untried, the rate of steps planned without lessons",
    "metric@k": "over the first k of the whole ranked catalogue: NDCG and MRR reward a high place, Recall any place",
    "protocol stamp": "what a figure was measured on; figures under different stamps are never compared",
    "sealed test": "what each user did last, seen by nobody until a person opens it",
}


def glossary() -> str:
    """All of it as Markdown."""
    return "\n".join(f"- **{word}**: {meaning}" for word, meaning in WORDS.items())
