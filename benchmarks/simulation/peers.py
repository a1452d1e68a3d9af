"""M/M/n+M in SimPy and in Ciw, with a record of each customer: as their own documentation models abandonment."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

__all__ = ["run_ciw", "run_simpy"]


def run_simpy(n: int, rate: float, theta: float, horizon: float, seed: int) -> tuple[int, float]:
    """Customers that arrived, and the share that abandoned."""
    import simpy

    stream = random.Random(seed)
    environment = simpy.Environment()
    experts = simpy.Resource(environment, capacity=n)
    records: list[tuple[float, float, float, bool]] = []

    def customer() -> Generator[Any, Any, None]:
        arrived = environment.now
        with experts.request() as request:
            result = yield request | environment.timeout(stream.expovariate(theta))
            waited = environment.now - arrived
            if request in result:
                yield environment.timeout(stream.expovariate(1.0))
                records.append((arrived, waited, environment.now, True))
            else:
                records.append((arrived, waited, environment.now, False))

    def arrivals() -> Generator[Any, Any, None]:
        while True:
            yield environment.timeout(stream.expovariate(rate))
            environment.process(customer())

    environment.process(arrivals())
    environment.run(until=horizon)
    return len(records), sum(not record[3] for record in records) / len(records)


def run_ciw(n: int, rate: float, theta: float, horizon: float, seed: int) -> tuple[int, float]:
    """Customers that left, and the share that reneged."""
    import ciw

    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate)],
        service_distributions=[ciw.dists.Exponential(1.0)],
        reneging_time_distributions=[ciw.dists.Exponential(theta)],
        number_of_servers=[n],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(horizon)
    kinds = [record.record_type for record in simulation.get_all_records()]
    return len(kinds), kinds.count("renege") / len(kinds)
