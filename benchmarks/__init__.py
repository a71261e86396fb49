"""Figures of speed, each beside a baseline in the same run."""
