"""The Overview, where the program opens."""

import streamlit as st

from pages.components.frame import frame

frame("Overview")
st.subheader("Overview", anchor=False)
