"""Remembering (results, clouds, text samples) and deciding who computes (jobs, workers)."""
