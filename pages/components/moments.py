"""Times in the viewer's zone."""

import streamlit as st

from core.views.moments import moment, zone_named
from pages.components.workspace import workspace


def when(at: float) -> str:
    """A point in time (seconds since the epoch) in the zone of the viewer's browser: `09:58`, `20 Nov 09:58`."""
    return moment(at, workspace().clock.now(), zone_named(st.context.timezone))
