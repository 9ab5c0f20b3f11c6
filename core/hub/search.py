"""A whole family from the hub: ids of repositories by owner, base model or tag."""

from core.errors import InputError
from core.formatting import first_line

MOST = 200


def search(
    *, owner: str = "", base_model: str = "", tags: tuple[str, ...] = (), limit: int = 50
) -> list[str]:
    """Ids of repositories with safetensors that match everything given, the most downloaded first.

    base_model: every repository that names it as its base, fine-tuned, merged or adapted.
    Errors: InputError where nothing is asked for, the hub is off, or it cannot be reached.
    """
    if not (owner or base_model or tags):
        raise InputError("The hub holds too much to list: give an owner, a base model or a tag.")
    from huggingface_hub import HfApi, is_offline_mode
    from huggingface_hub import errors as hub_errors

    if is_offline_mode():
        raise InputError(
            "The hub cannot be searched while it is off (HF_HUB_OFFLINE is set): unset it, or give folders."
        )
    asked = ["safetensors", *tags, *([f"base_model:{base_model}"] if base_model else [])]
    try:
        models = HfApi().list_models(
            author=owner or None, filter=asked, sort="downloads", limit=min(limit, MOST)
        )
        return [model.id for model in models]
    except (hub_errors.HfHubHTTPError, OSError, ValueError) as error:
        reason = first_line(error)
        raise InputError(f"The hub could not be searched ({reason}): try again later.") from error
