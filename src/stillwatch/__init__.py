"""Stillwatch: finds, stops and proves the copying of AI models through their APIs."""

__version__ = "0.1.0"
