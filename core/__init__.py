"""Computing: checkpoints, text, hidden states, measures, predictions.

Knows nothing of Streamlit, DuckDB, jobs, or where files are kept.
"""
