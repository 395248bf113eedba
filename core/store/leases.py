"""Leases and workers in SQL: who plans a study, who owns the index, who is alive."""

from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from core.records import WorkerStatus
from core.store import schema
from core.store.part import Part

_leases = schema.leases
_workers = schema.workers


class Leases(Part):
    """Rows of `leases` and `workers`."""

    def take(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a lease; False while somebody else holds it.

        A lease that ends further ahead than twice its length means that the clock jumped back: it counts as ended.
        """
        now = self.clock.now()
        values = {"holder": holder, "until": now + seconds, "length": seconds}
        with self.database.write() as connection:
            row = connection.execute(select(_leases).where(_leases.c.name == name)).first()
            if row is None:
                connection.execute(insert(_leases).values(name=name, **values))
                return True
            if row.holder != holder and _holds(row, now):
                return False
            connection.execute(update(_leases).where(_leases.c.name == name).values(values))
            return True

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if it is the holder's."""
        with self.database.write() as connection:
            connection.execute(delete(_leases).where(_leases.c.name == name, _leases.c.holder == holder))

    def holder(self, name: str) -> str | None:
        """Who holds a lease now."""
        with self.database.read() as connection:
            row = connection.execute(select(_leases).where(_leases.c.name == name)).first()
        return row.holder if row and _holds(row, self.clock.now()) else None

    def beat(self, name: str, pid: int, host: str, doing: str) -> None:
        """A worker's sign of life."""
        values = {"pid": pid, "host": host, "beat_at": self.clock.now(), "doing": doing}
        with self.database.write() as connection:
            if not connection.execute(update(_workers).where(_workers.c.name == name).values(values)).rowcount:
                connection.execute(insert(_workers).values(name=name, **values))

    def workers(self) -> list[WorkerStatus]:
        """Every worker that reported and has not left, newest sign of life first."""
        return self._all(WorkerStatus, select(_workers).order_by(_workers.c.beat_at.desc(), _workers.c.name))

    def leave(self, name: str) -> None:
        """Forget a worker that ended or was lost, and free the leases it held."""
        with self.database.write() as connection:
            connection.execute(delete(_workers).where(_workers.c.name == name))
            connection.execute(delete(_leases).where(_leases.c.holder == name))


def _holds(lease: Row[Any], now: float) -> bool:
    return bool(now <= lease.until <= now + 2 * lease.length)
