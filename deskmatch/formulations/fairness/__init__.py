"""How evenly a plan spreads the work: forms of fairness, plans that keep to them, and their price."""
