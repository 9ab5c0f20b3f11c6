"""Where the pieces of a job run: an Executor of processes here, or of Dask workers on other machines.

Dask is optional. Its workers run this project's code, so each must be started in the project's folder and see
the store's folder under the same path. Pieces are claimed by file locks all the same: a piece that two
executors, or an executor and a background worker, are given is carried out once.
"""

import multiprocessing
import os
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

from cache import locks
from core.errors import InputError

PATIENCE = 10.0  # seconds for a scheduler to answer
REMEDY = "give local, dask:HOST:PORT or dask:local:WORKERS"


def executor(spec: str) -> Executor:
    """The executor that `spec` names; leaving its `with` block ends what was started for it.

    "local": as many processes as workers may run here. "dask:HOST:PORT": the workers of that scheduler.
    "dask:local:N": N Dask workers on this machine, reachable from it alone.
    Errors: InputError for another spec, without Dask, and for a scheduler that does not answer.
    """
    if spec == "local":
        count = locks.worker_limit()
        share = max(1, len(os.sched_getaffinity(0)) // count)
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, mp_context=spawn, initializer=_use, initargs=(share,))
    system, _, address = spec.partition(":")
    if system != "dask" or not address:
        raise InputError(f"There is no executor {spec}: {REMEDY}.")
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            "Spreading work over Dask needs the package distributed: install it with "
            "`pip install distributed`, or use --executor local."
        ) from error
    place, _, count_text = address.partition(":")
    if place == "local":
        if not count_text.isdecimal() or not int(count_text):
            raise InputError(f"There is no executor {spec}: {REMEDY}.")
        return _dask(
            distributed.LocalCluster(
                n_workers=int(count_text),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                worker_dashboard_address=None,
            )
        )
    return _dask(address)


def _use(threads: int) -> None:
    """Give a process its share of the cores, before it imports a library that takes all of them."""
    os.environ["OMP_NUM_THREADS"] = str(threads)


def _dask(cluster: Any) -> Executor:
    """An executor of the workers of a Dask cluster, or of the scheduler at an address."""
    from distributed import Client
    from distributed.cfexecutor import ClientExecutor

    try:
        client = Client(cluster, timeout=PATIENCE)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise InputError(f"No Dask scheduler answers at {cluster}: start one, or {REMEDY}.") from error

    class Owning(ClientExecutor):
        """Ends the client, and the cluster that was started for it, with itself."""

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=wait and not cancel_futures)
            client.close()
            if not isinstance(cluster, str):
                cluster.close()

    return Owning(client, pure=False)  # the same piece may be asked for again, after a resume
