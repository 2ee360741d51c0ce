"""What sqlml costs on top of doing the same by hand: `python -m benchmarks [training|statements|scoring|single]`."""
