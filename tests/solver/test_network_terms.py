"""The compiled terms of a certificate are those of the arrays, and no broken assignment gets through them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.solver.bound import Prices, bound_terms
from deskmatch.solver.evaluation import checked, objective_terms
from deskmatch.solver.network_terms import is_plain, network_terms, terms_of_network


@given(data=st.data())
@settings(max_examples=200)
def test_the_terms_are_those_of_the_arrays(cases, data):
    problem = data.draw(cases.problems(limited=False))
    assert is_plain(problem)
    n, m = problem.n_tickets, problem.n_experts
    expert_of = np.array(data.draw(st.lists(st.integers(-2, m), min_size=n, max_size=n)), dtype=np.int32)
    price = np.array(data.draw(st.lists(st.floats(-20, 20), min_size=m, max_size=m)), dtype=float)
    network_terms.warm_up()
    found = terms_of_network(problem, expert_of, price)
    broken, arcs = checked(problem, expert_of)
    assert (found is None) == bool(broken)
    if found is not None:
        objective, bound = found
        assert sorted(objective[objective != 0]) == sorted(x for x in objective_terms(problem, arcs) if x != 0)
        prices = Prices(expert=price, limit=np.zeros(0))
        assert math.fsum(bound) == math.fsum(bound_terms(problem, prices))
