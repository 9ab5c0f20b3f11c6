"""Text to measure models on: sources, files, and how representative a sample is."""
