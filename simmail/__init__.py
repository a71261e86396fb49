"""A mail world in a box: hosts that run Postfix's own configuration files in simulated time."""

__version__ = "0.1.0"
