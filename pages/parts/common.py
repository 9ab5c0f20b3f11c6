"""What every page needs: the store of this machine, read once per state of it."""

import runpy
from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.runtime import Runtime, exists, get_instance

from cache import ahead, worker
from cache.paths import store_folder
from cache.store import Store
from core.errors import InputError
from pages.parts.job_chip import job_chip

ENTERED = "came through app.py"  # set by app.py in each session
# What changes the address takes the place of the entry before, so that Back leads to the page before.
REPLACE = """<script>
if (!window.replacesAddress) {
  window.replacesAddress = true;
  const push = history.pushState.bind(history);
  history.pushState = (state, title, to) =>
    new URL(to, location).pathname === location.pathname
      ? history.replaceState(state, title, to) : push(state, title, to);
}
</script>"""
REFRESH = "5s"  # how soon a page shows what a worker has finished


@st.cache_resource(show_spinner="Opening the store…")
def _open(folder: str) -> Store:
    """The store in `folder`; work left over from an earlier run of the app is taken up again."""
    store = Store.open(Path(folder))
    with suppress(InputError):  # nothing can be computed for a store that cannot be written, but it is shown
        worker.ensure_workers(store)
    if exists() and type(get_instance()) is Runtime:  # a server, not a page that a test runs
        ahead.start(store)
    return store


def open_store() -> Store:
    """The store that this app shows (LATENT_SHORTLIST_STORE, else the user's data folder).

    Where it cannot be opened the page says so in one sentence and ends. Every page calls this first.
    """
    if ENTERED not in st.session_state:
        # A folder named pages/ makes Streamlit run a page without app.py when a link to that page is the
        # first request to a new server; app.py then runs from here, and from the next request on by itself.
        runpy.run_path(str(Path(__file__).parents[2] / "app.py"))
        st.stop()
    st.html(REPLACE, unsafe_allow_javascript=True)
    try:
        store = _open(str(store_folder(None)))
    except InputError as error:
        st.error(str(error), title="The store cannot be opened", icon=":material/database_off:")
        st.stop()
    try:
        store.ingest(wait=False)
    except InputError as error:
        st.caption(f":material/edit_off: New results cannot be taken in. {error}")
    job_chip(store)
    return store


@st.fragment(run_every=REFRESH)
def refresh(store: Store, seen: str) -> None:
    """Draw the page anew once the store holds more than in the state `seen`."""
    with suppress(InputError):  # said by `open_store`
        store.ingest(wait=False)
    if store.state() != seen:
        st.rerun()


def empty(title: str, text: str) -> None:
    """What a page shows while there is nothing to show: what is missing, and the way to get it."""
    with st.container(border=True, horizontal_alignment="center", gap="medium"):
        st.space("small")
        st.markdown(f"### :material/inbox: {title}", text_alignment="center")
        st.markdown(text, text_alignment="center")
        st.page_link("pages/add.py", label="Add models", icon=":material/add_circle:")
        st.space("small")
