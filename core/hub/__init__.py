"""The Hugging Face hub: download, search, and checkpoints whose weights stay there."""
