"""The commands of the terminal, one subject a module; `cli.py` puts them together."""
