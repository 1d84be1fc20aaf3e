"""Sketches: what a text becomes on arrival, once per distinct text."""
