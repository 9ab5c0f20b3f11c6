"""The colours of text in charts, which the theme that is shown decides: at least 4.5:1 on its background."""

import altair as alt
import streamlit as st

LOOK_OF_CHARTS = "latent shortlist"
TEXT = {"light": "#4F5965", "dark": "#A7B0BB"}  # by the type of the theme


@alt.theme.register(LOOK_OF_CHARTS, enable=False)
def look() -> alt.theme.ThemeConfig:
    """What Altair adds to every chart of a page; what Streamlit's own theme says of the rest stays."""
    colour = TEXT.get(st.context.theme.type or "light", TEXT["light"])
    both = {"labelColor": colour, "titleColor": colour}
    return {
        "config": {
            "mark": {"aria": False},  # each chart has one sentence instead of a thousand points
            "title": {"subtitleColor": colour},
            "axis": both,
            "legend": both,
            "header": both,
        }
    }
