"""Pictures of results and models for notebooks: HTML and SVG with nothing to be loaded and nothing that runs."""
