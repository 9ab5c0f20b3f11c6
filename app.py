"""The entry point: which pages there are, in their order. Everything else is in pages/."""

from pathlib import Path

import streamlit as st

LOOK = Path(__file__).parent / ".streamlit"  # files, as Streamlit would fetch a named icon from the network
FIRST = "shortlist"
PAGES = (  # file in pages/, title, icon, what it is for
    ("shortlist", "Shortlist", "format_list_numbered", "Which checkpoints to fine-tune first, and how sure."),
    ("add_models", "Add models", "add_circle", "Measure folders, hub ids or uploaded vectors; the queue."),
    ("explore", "Explore", "scatter_plot", "Any measure against any score: fit and residuals."),
    ("predicted_scores", "Predicted scores", "query_stats", "Predictions beside known scores."),
    ("quantized_cells", "Quantized cells", "grid_on", "How full cells are, and where centroids lie."),
    ("token_gap", "Token gap", "linear_scale", "How far a model keeps a domain's tokens apart."),
    ("findings", "Findings", "gallery_thumbnail", "The latent-geometry paper drawn from its data."),
    ("evidence", "Evidence", "balance", "How each measure correlates with scores."),
)

st.set_page_config(page_title="Latent Shortlist", page_icon=str(LOOK / "icon.svg"), layout="wide")
st.logo(str(LOOK / "wordmark.svg"), size="large")


def first_by_name() -> None:
    """The first page stands at the root of the address; its name leads there with the rest of the link."""
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    st.switch_page(f"pages/{FIRST}.py", query_params=asked)


def page(file: str, title: str, icon: str, about: str) -> st.Page:
    """A page of the navigation, at its file's name; the first one at the root of the address."""
    return st.Page(
        f"pages/{file}.py",
        title=title,
        icon=f":material/{icon}:",
        help=about,
        url_path="" if file == FIRST else file,
        default=file == FIRST,
    )


chosen = st.navigation(
    [*(page(*entry) for entry in PAGES), st.Page(first_by_name, url_path=FIRST, visibility="hidden")],
    position="top",
)
st.session_state["came through app.py"] = True
chosen.run()
