"""Questions about a plan's price and its alternatives: fronts, what-ifs, sensitivity, the next best plans."""
