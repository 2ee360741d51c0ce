"""`sqlml doctor [FILE]`: whether the installation works, and whether a file is whole."""
