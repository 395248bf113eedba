"""What the Study page shows of a language model's prompts and replies: no key, whatever a provider says back."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.core.agents.llm.house import proposal
from tests.core.agents.llm.loopback import by_purpose, calls, echoes_the_key, says, serving
from tests.pages.scripted import ScriptedHome

KEY = "sk-proj-0123456789-not-for-a-screen"
TABS = "tabs-{study}-Trials so far-Lessons-Numbers-History-Log-Model"
pytestmark = pytest.mark.usefixtures("no_second_worker")


def everything(page: AppTest) -> str:
    """Every text of the page, folded ones too."""
    assert not page.exception, page.exception
    parts = [*page.markdown, *page.code, *page.subheader, *page.error, *page.warning, *page.info, *page.text_area]
    return "\n".join(str(part.value) for part in parts).replace("\\", "")  # markdown's own escapes


def model_tab(open_page: Callable[..., AppTest], study: int, number: int) -> AppTest:
    page = open_page("study", {"study": study, "trial": number})
    page.session_state[TABS.format(study=study)] = "Model"
    return page.run()


def test_no_key_is_on_the_page_that_shows_prompts_and_replies(
    open_page: Callable[..., AppTest], home: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    story = ScriptedHome(home)
    story.dataset()
    with serving() as server:
        settings = story.workspace.settings
        story.workspace.settings = replace(settings, model="openai:toy", model_base_url=server.url)
        answers = [says(f"Your key is {KEY}."), calls("propose", proposal(claim=f"{KEY} says more dropout."))]
        server.will(by_purpose(reflect=echoes_the_key, propose=lambda handler: answers.pop(0)(handler)))
        study = story.start(agent="llm", autonomy="each")
        trial = story.wait_for_proposal(study)
        story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
        story.run_until(lambda: bool(story.store.calls.of_trial(story.store.studies.get(study.id).incumbent_id or 0)))
    planned, judged = (everything(model_tab(open_page, study.id, number)) for number in (trial.number, 1))
    assert "[secret] says more dropout." in planned and "Your key is [secret]." in planned
    assert "unauthorised" in judged and "[secret]" in judged
    assert KEY not in planned + judged
