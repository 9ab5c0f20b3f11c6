"""The papers' experiments, one module each, and what this project finds beside them."""
