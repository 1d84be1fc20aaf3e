"""Tools for maintainers: what builds the shipped tables and samples, and measures the sketches."""
