"""One file for each solver behind the `Backend` protocol."""
