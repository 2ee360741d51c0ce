"""Models out of files: each format is read, checked and made a model like any other."""
