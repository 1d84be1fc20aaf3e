"""Faces: command line, report, exports, wiring and settings."""
