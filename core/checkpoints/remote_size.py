"""How many bytes the output-embedding matrix of a checkpoint on the hub takes, from headers alone."""

from collections.abc import MutableMapping

from core.checkpoints.architecture import is_input_embedding, is_output_embedding
from core.hub import remote as hub_ranges
from core.weights.ranges import Meter
from core.weights.tensor_files import read_headers


def matrix_bytes(hub_id: str, revision: str | None, digests: MutableMapping[str, str]) -> int | None:
    """Bytes of the largest matrix with a name of an output embedding, else of an input embedding; None: none.

    digests: remembers headers, as in `core.checkpoints.resolve.resolve_remote`.
    Errors: InputError as of `core.hub.remote.open_weights`.
    """
    meter = Meter()
    files = hub_ranges.open_weights(hub_id, revision, meter, digests)
    matrices = [tensor for tensor in read_headers(files, meter).values() if len(tensor.shape) == 2]
    hub_ranges.remember(files, digests)
    for is_one in (is_output_embedding, is_input_embedding):
        if sizes := [tensor.end - tensor.start for tensor in matrices if is_one(tensor.name)]:
            return max(sizes)
    return None
