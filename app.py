"""Simmer: feel what sampling temperature does to a network that writes recipes.

Run it with `streamlit run app.py`.
"""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Simmer", page_icon="assets/icon.png", layout="wide")

# A `url_path` other than the file's name keeps Streamlit's own discovery of `pages/` from
# answering a deep link.
st.navigation(
    [
        st.Page("pages/compare.py", title="Compare", url_path="side-by-side", default=True),
        st.Page("pages/verbs.py", title="Verbs", url_path="first-verb"),
    ],
    position="top",
).run()
