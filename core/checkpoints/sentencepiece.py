"""A SentencePiece model file → the tokenizer it describes, without the sentencepiece package.

Pieces, scores and the normalizer come from the file (its protocol-buffers schema ships with transformers). Of
byte-pair models the merges are ranked by the score of what they make, as SentencePiece ranks them, and not by
its place in the vocabulary: https://github.com/google/sentencepiece/blob/master/src/bpe_model.cc
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SPACE = "▁"
_UNIGRAM, _BPE = 1, 2  # TrainerSpec.ModelType
_CONTROL, _USER_DEFINED = 3, 4  # ModelProto.SentencePiece.Type


def read_tokenizer(file: Path, before: Sequence[str] = (), after: Sequence[str] = ()) -> Any:
    """A `tokenizers.Tokenizer` with the tokens `before` and `after` put around each text.

    Errors: ValueError for a file that is no SentencePiece model of byte pairs or unigrams, and for a token to
    put around that is no piece of it.
    """
    from tokenizers import AddedToken, Tokenizer, models, normalizers, processors

    proto = _parsed(file)
    pieces = [piece.piece for piece in proto.pieces]
    trainer = proto.trainer_spec
    unknown = next((p.piece for p in proto.pieces if p.type == 2), trainer.unk_piece)
    if trainer.model_type == _UNIGRAM:
        scored = [(piece.piece, piece.score) for piece in proto.pieces]
        model: Any = models.Unigram(scored, pieces.index(unknown), trainer.byte_fallback)
    elif trainer.model_type == _BPE:
        vocabulary = {piece: index for index, piece in enumerate(pieces)}
        model = models.BPE(
            vocabulary,
            _merges(proto, vocabulary),
            unk_token=unknown,
            fuse_unk=True,
            byte_fallback=trainer.byte_fallback,
        )
    else:
        raise ValueError("it is neither a byte-pair nor a unigram model")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(_normalizers(proto.normalizer_spec))
    prefixed = proto.normalizer_spec.add_dummy_prefix  # a pattern would be prefixed like a text
    tokenizer.add_tokens(
        [
            AddedToken(
                piece.piece,
                normalized=piece.type != _CONTROL and not prefixed,
                special=piece.type == _CONTROL,
            )
            for piece in proto.pieces
            if piece.type in (_CONTROL, _USER_DEFINED)
        ]
    )
    around = [*before, *after]
    if absent := [token for token in around if token not in pieces]:
        raise ValueError(f"it has no piece {absent[0]}")
    if around:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=" ".join([*before, "$A", *after]),
            pair=" ".join([*before, "$A", *after, *(f"{t}:1" for t in before), "$B:1"])
            + "".join(f" {t}:1" for t in after),
            special_tokens=[(token, pieces.index(token)) for token in dict.fromkeys(around)],
        )
    return tokenizer


def ends(file: Path) -> tuple[str, str]:
    """The pieces that stand for the beginning and the end of a text; ValueError for another kind of file."""
    proto = _parsed(file)
    trainer = proto.trainer_spec
    numbered = ((trainer.bos_id, trainer.bos_piece), (trainer.eos_id, trainer.eos_piece))
    beginning, end = (proto.pieces[at].piece if at >= 0 else piece for at, piece in numbered)
    return beginning, end


def _parsed(file: Path) -> Any:
    from google.protobuf.message import DecodeError
    from transformers.utils import sentencepiece_model_pb2_new

    schema: Any = sentencepiece_model_pb2_new  # its classes are made when it is imported
    proto = schema.ModelProto()
    try:
        proto.ParseFromString(file.read_bytes())
    except DecodeError:
        proto.Clear()
    if not proto.pieces:
        raise ValueError("it is no SentencePiece model")
    return proto


def _merges(proto: Any, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Every pair of pieces that makes a piece, the one of the highest score first."""
    pairs = [
        (-piece.score, vocabulary[piece.piece[:cut]], vocabulary[piece.piece[cut:]], piece.piece, cut)
        for piece in proto.pieces
        if piece.type not in (2, _CONTROL, 6)
        for cut in range(1, len(piece.piece))
        if piece.piece[:cut] in vocabulary and piece.piece[cut:] in vocabulary
    ]
    return [(piece[:cut], piece[cut:]) for *_, piece, cut in sorted(pairs)]


def _normalizers(spec: Any) -> list[Any]:
    from tokenizers import Regex, normalizers

    steps: list[Any] = []
    if spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(spec.precompiled_charsmap))
    if spec.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    if spec.add_dummy_prefix:
        steps.append(normalizers.Prepend(_SPACE))
    if spec.escape_whitespaces:
        steps.append(normalizers.Replace(" ", _SPACE))
    return steps
