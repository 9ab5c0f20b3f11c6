"""What is said of a job that did not do what was asked of it."""

from core.wording import jobs


def test_a_sentence_names_the_piece_why_it_failed_and_what_to_do() -> None:
    assert jobs.unexpected("Fine-tuning", "org/a", ValueError("no head\nand more"), "/logs/0001.log") == (
        "Fine-tuning org/a failed unexpectedly (ValueError: no head); the details are in /logs/0001.log."
    )
    assert jobs.out_of_memory("Measuring", "org/a", "free some, or measure fewer sequences") == (
        "Measuring org/a failed, since memory ran out: free some, or measure fewer sequences."
    )
    assert jobs.killed("Pre-training", "ascii-sum", 3, "free some") == (
        "Pre-training ascii-sum failed, since its process was killed 3 times, perhaps for want of memory: "
        "free some, and resume the job."
    )
    assert jobs.killed("Measuring", "org/a", 1, "free some") == (
        "Measuring org/a failed, since its process was killed, perhaps for want of memory: free some, and "
        "resume the job."
    )
    assert jobs.silent("Measuring", "org/a", 6 * 3600, "take fewer layers") == (
        "Measuring org/a was ended, since it made no progress for 6 h 0 min: take fewer layers, and resume "
        "the job."
    )
    assert jobs.not_begun("Measuring", "org/a", OSError("no such machine")) == (
        "Measuring org/a was not begun (OSError: no such machine): see to the processes that carry it out, "
        "and resume the job."
    )
    assert jobs.unfinished("org/a", "cancelled", "7") == (
        "org/a is cancelled, not finished: `cli.py jobs resume 7` goes on with it."
    )
    assert jobs.not_kept("org/a") == (
        "The result for org/a was not kept with the job: measuring again takes it from the store."
    )
    assert jobs.unreadable("its file is damaged") == (
        "This job cannot be read: its file is damaged. Remove it; what it computed stays in the store."
    )
