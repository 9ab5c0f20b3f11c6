"""Numbers, names and sentences as people read them; every layer may use it."""


def lower_first(title: str) -> str:
    """A title as it stands within a sentence."""
    return title[:1].lower() + title[1:]
