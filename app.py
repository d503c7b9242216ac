"""Simmer: feel what sampling temperature does to a network that writes recipes.

Run it with `streamlit run app.py`.
"""

from __future__ import annotations

import streamlit as st
from streamlit.elements import exception
from threadpoolctl import threadpool_limits

from pages.parts import drawing, navigation

st.set_page_config(page_title="Simmer", page_icon="assets/icon.png", layout="wide")

threadpool_limits(1, "blas")  # people at the same time share the cores; none waits for another's product
# What Streamlit says of an error that nobody foresaw; it has no setting for it.
exception._GENERIC_UNCAUGHT_EXCEPTION_TEXT = navigation.BROKEN  # type: ignore[misc]
st.session_state.through_app = True  # see pages.parts.navigation.through_app
PAGES = [
    st.Page("pages/learn.py", title="Learn"),
    st.Page("pages/compare.py", title="Compare", default=True),
    st.Page("pages/many.py", title="Many"),
    st.Page("pages/guess.py", title="Guess"),
    st.Page("pages/verbs.py", title="Verbs"),
    st.Page("pages/sweep.py", title="Sweep"),
    st.Page("pages/models.py", title="Models"),
    st.Page("pages/cell.py", title="Cell"),
    st.Page("pages/yours.py", title="Yours"),
]
page = st.navigation(PAGES, position="top")
navigation.everywhere(PAGES)
page.run()
drawing.words_used()
