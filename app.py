"""The front door: which pages there are. Everything else is in pages/."""

from pathlib import Path

import streamlit as st

LOOK = Path(__file__).parent / ".streamlit"  # files, as Streamlit would fetch a named icon from the network

st.set_page_config(page_title="Latent Shortlist", page_icon=str(LOOK / "icon.svg"), layout="wide")
st.logo(str(LOOK / "wordmark.svg"), size="large")


def shortlist() -> None:
    """The first page stands at the root of the address; /shortlist leads there with the rest of the link."""
    st.switch_page(
        "pages/shortlist.py", query_params={key: st.query_params.get_all(key) for key in st.query_params}
    )


page = st.navigation(
    [
        st.Page(
            "pages/shortlist.py",
            title="Shortlist",
            icon=":material/format_list_numbered:",
            url_path="",
            default=True,
            help="Which checkpoints to fine-tune first, and how sure that is.",
        ),
        st.Page(
            "pages/add_models.py",
            title="Add models",
            icon=":material/add_circle:",
            help="Measure folders, hub ids or uploaded vectors, and watch the queue.",
        ),
        st.Page(
            "pages/explore.py",
            title="Explore",
            icon=":material/scatter_plot:",
            help="Any measure against any score: fit, residuals, one checkpoint's card.",
        ),
        st.Page(
            "pages/predicted_scores.py",
            title="Predicted scores",
            icon=":material/query_stats:",
            help="Predictions with ranges against known scores, and which predictor to believe how far.",
        ),
        st.Page(
            "pages/quantized_cells.py",
            title="Quantized cells",
            icon=":material/grid_on:",
            help="What patchiness sees: how full cells are, where their centres lie, how large errors are.",
        ),
        st.Page(
            "pages/token_gap.py",
            title="Token gap",
            icon=":material/linear_scale:",
            help="How far a model keeps a domain's tokens apart, from a few rows of its output embedding.",
        ),
        st.Page(
            "pages/findings.py",
            title="Findings",
            icon=":material/gallery_thumbnail:",
            help="The latent-geometry paper's figures and tables, drawn from its data, with what they show.",
        ),
        st.Page(
            "pages/evidence.py",
            title="Evidence",
            icon=":material/balance:",
            help="What each measure is worth: raw, with size and training held fixed, and beyond them.",
        ),
        st.Page(shortlist, url_path="shortlist", visibility="hidden"),
    ],
    position="top",
)
st.session_state["came through app.py"] = True
page.run()
