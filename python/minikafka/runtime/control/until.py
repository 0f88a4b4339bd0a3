"""Waiting without polling: a condition is looked at after whatever may have changed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from minikafka.errors import MinikafkaError, WaitTimeout
from minikafka.runtime.control.cluster import ClusterView


async def until(
    seen: Callable[[], ClusterView],
    predicate: Callable[[ClusterView], bool],
    watchers: list[Callable[[], None]],
    timeout_s: float,
    say: Callable[[ClusterView], str],
) -> ClusterView:
    """The first of the answers of `seen` of which `predicate` holds; looked at now and by a watcher among `watchers`.

    Raises WaitTimeout with what `say` makes of the last answers, or what `seen` raises.
    """
    done: asyncio.Future[ClusterView] = asyncio.get_running_loop().create_future()

    def look() -> None:
        if done.done():
            return
        try:
            view = seen()
            if predicate(view):
                done.set_result(view)
        except MinikafkaError as error:
            done.set_exception(error)

    watchers.append(look)
    try:
        look()
        return await asyncio.wait_for(done, timeout_s)
    except TimeoutError:
        raise WaitTimeout(f"not true within {timeout_s:g} s; last seen: {say(seen())}") from None
    finally:
        watchers.remove(look)
