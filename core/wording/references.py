"""What is said of a reference of real checkpoints: how far it is measured, what the rest would download."""

from core.formatting import capital, count_of, listed, short_bytes, short_number

TITLES = {
    "perturbed": "Perturbed BERTs and RoBERTas of arXiv 2406.12159",
    "encoders": "Encoders with published GLUE scores",
    "decoders": "Decoders with published scores, fine-tuned and direct",
    "own": "Checkpoints measured here with a score of your own",
}
HUB_OFF = (
    "The hub is off (HF_HUB_OFFLINE is set), so nothing can be downloaded: unset it and run the same command."
)


HUB_OFF_PAGE = (
    "The hub is off here (HF_HUB_OFFLINE is set), so nothing can be downloaded: unset it and start the app "
    "again."
)


def parameters(total: int, sized: int, checkpoints: int) -> str:
    """The parameters of all, and of how many of them the number is known."""
    if not sized:
        return "not known" if checkpoints else ""
    return short_number(total) + ("" if sized == checkpoints else f" in {sized} of {checkpoints}")


def download(checkpoints: int, sized: int, stated: int, total: int) -> str:
    """What measuring so many checkpoints downloads, and what that number rests on.

    sized: of how many bytes are known; stated: of these, by the hub; the others follow from their parameters.
    """
    if not checkpoints:
        return "nothing"
    many = f"{checkpoints} checkpoint{'s' * (checkpoints > 1)}"
    if not sized:
        return f"{many} of a size not known before the hub is asked"
    judged = sized - stated
    basis = [f"{stated} as listed on the hub"] if stated else []
    basis += [f"{judged} judged by the number of parameters"] if judged else []
    basis += [f"{checkpoints - sized} not known"] if sized < checkpoints else []
    least = "at least " if sized < checkpoints else ""
    about = "about " if judged else ""
    return f"{least}{about}{short_bytes(total)} for {many} ({listed(basis)})"


def plan(reference: str, checkpoints: int, lacking: int, chosen: int, refused: int) -> str:
    """What a build is to measure.

    lacking: how many checkpoints lack a measure. chosen: of these, those that are not too large. refused: of
    the chosen, those that the hub does not give.
    """
    if not lacking:
        return f"All {checkpoints} {reference} are measured so already."
    parts = [f"{capital(count_of(lacking, checkpoints))} {reference} lack measures"]
    parts += [f"{lacking - chosen} are larger than asked for"] if chosen < lacking else []
    parts += [f"{refused} cannot be had from the hub"] if refused else []
    return f"{', '.join(parts)}: {chosen - refused or 'none'} to measure."


def none_to_be_had(count: int, first: str) -> str:
    """The hub gives none of the checkpoints; first: why not the first of them."""
    return first if count == 1 else f"The hub gives none of these {count} checkpoints; of the first: {first}"


def budget(needed: str, most: int, kept: bool) -> str:
    """What is downloaded in all (as `download` says it), and how much lies on the disk at a time."""
    then = "kept in the hub's cache" if kept else "deleted after each checkpoint"
    return (
        f"To download: {needed}. At most {short_bytes(most)} of weights lie on the disk at a time; they are "
        f"{then}."
    )


def measured(count: int, checkpoints: int, measures: dict[str, int]) -> str:
    """How many checkpoints are measured, and with how many measures."""
    text = count_of(count, checkpoints) if checkpoints else "none"
    if not measures:
        return text
    whole = sum(number == count for number in measures.values())
    on_each = f" ({whole} of them on each)" if whole < len(measures) else ""
    return f"{text}, {len(measures)} measure{'s' * (len(measures) > 1)}{on_each}"
