"""The part of Add that makes variants of checkpoints: perturbed, shuffled, re-initialised."""

import streamlit as st

from core.checkpoints.variants import SEEDS
from core.formatting import percent

LEVELS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0)
KINDS = {
    "shuffled": "Input embedding shuffled",
    "untrained": "Re-initialised, trained input embedding kept",
    "reinitialised": "Re-initialised",
}


def choose_variants(bases: list[str]) -> list[str]:
    """Names of the variants that are asked for, as `core.checkpoints.resolve.resolve` takes them; [] for
    none.

    Arguments:
        bases: the chosen checkpoints, each as its folder or name.
    """
    with st.expander("Variants: perturbed, shuffled, re-initialised", icon=":material/experiment:"):
        st.caption(
            "As in the latent-geometry study: how do measures and scores move when the trained weights "
            "give way to "
            "noise? A variant takes no space: its weights are made when they are needed, the same every time."
        )
        with st.container(horizontal=True):
            levels = st.multiselect(
                "Noise in the layers' weights",
                LEVELS,
                format_func=lambda level: percent(level, "g"),
                key="noise_levels",
                placeholder="None",
                help="W becomes (1 − α)·W + α·ε with ε drawn from N(0, 1); biases and embeddings stay.",
                persist_state="session",
            )
            seeds = st.multiselect(
                "Seeds of the noise", SEEDS, default=SEEDS[:1], key="noise_seeds", persist_state="session"
            )
            kinds = st.multiselect(
                "Other changes",
                list(KINDS),
                format_func=KINDS.__getitem__,
                key="variant_kinds",
                placeholder="None",
                persist_state="session",
            )
            lender = st.selectbox(
                "Input embedding of another",
                bases,
                index=None,
                format_func=lambda name: name.rstrip("/").rpartition("/")[2],
                key="lender",
                placeholder="None",
                help="Each of the other chosen checkpoints, of the same width, with this one's input "
                "embedding and tokenizer.",
                disabled=len(bases) < 2,
            )
        recipes = [f"noise:{level:g}:{seed}" for level in levels for seed in seeds]
        recipes += [f"{kind}:{SEEDS[0]}" for kind in kinds]
        names = [f"{base}+{recipe}" for base in bases for recipe in recipes]
        names += [f"{base}+embeddings-of:{lender}" for base in bases if lender and base != lender]
        if not bases:
            st.caption("Choose a checkpoint above first.")
        elif names:
            st.caption(f"{len(names)} variants of {len(bases)} checkpoint{'s' * (len(bases) > 1)}.")
        return names
