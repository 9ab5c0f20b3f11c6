"""What sets clouds apart whose vectors are now computed otherwise than those of the same key once were.

Keys and the version of the extractor stay as they are, so what is stored of all other checkpoints counts on.
Of a checkpoint that is concerned, the key has one part more, and its measures are taken once again.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cache.files import Remembered
from cache.store import Store
from core.errors import InputError
from core.hub.download import VOCABULARIES

if TYPE_CHECKING:
    from core.checkpoints.resolve import Checkpoint

# Model types whose states were those of batches that the model mixes, of threads that disturb one another, of
# `hidden_states[-1]` before the last normalization, or of texts cut at another length.
STATES = frozenset(
    """clip_text_model convbert fnet funnel led mobilebert recurrent_gemma reformer tipsv2_text_model
    yoso""".split()  # noqa: SIM905
)


def revisions(store: Store, checkpoint: "Checkpoint", texts: Sequence[str], name: str) -> tuple[str, ...]:
    """Further parts of the key of a cloud of `texts`, none for most checkpoints.

    name: the fingerprint of `texts`, under which is remembered whether the checkpoint's tokens of them are
    those of its files where transformers gives others; finding that out loads the tokenizer once.
    """
    parts = ["states"] if checkpoint.facts.family in STATES else []
    if _settled(store, checkpoint, texts, name):
        parts.append("tokens of the files")
    return tuple(parts)


def _settled(store: Store, checkpoint: "Checkpoint", texts: Sequence[str], name: str) -> bool:
    source = checkpoint.borrowed or checkpoint
    remembered = Remembered(store.folder / "settled")
    place = f"{source.fingerprint}|{name}"
    if place not in remembered:
        if not any((source.folder / file).is_file() for file in VOCABULARIES):
            return False
        from core.checkpoints.tokenizing import read_tokenizer

        try:
            remembered[place] = "yes" if read_tokenizer(source).note(list(texts)) else ""
        except InputError:  # which whoever extracts says
            return False
    return bool(remembered[place])
