"""What sqlml costs on top of doing the same by hand: `python -m benchmarks`; docs/performance.md is made of it."""
