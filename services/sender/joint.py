"""Work that several wait for and that must not be given up with one of them: a token, an upload."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Joint(Generic[Result]):
    """One task for all who want the same thing at the same time."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Result]] = {}

    async def result(self, of: Hashable, work: Callable[[], Coroutine[Any, Any, Result]], by: float) -> Result:
        """What `work` gives or raises. Raises TimeoutError at `by`, by the loop's time; the work goes on then."""
        task = self._tasks.get(of)
        if task is None:
            task = self._tasks[of] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._forget(of, done))
        wait_seconds = by - asyncio.get_running_loop().time()
        await asyncio.wait({task}, timeout=max(0.0, wait_seconds))
        if not task.done():
            raise TimeoutError
        return task.result()

    def _forget(self, of: Hashable, task: asyncio.Task[Result]) -> None:
        del self._tasks[of]
        if not task.cancelled():
            task.exception()  # seen, even where nobody could wait for it
