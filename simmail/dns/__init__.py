"""Domain names: zones from master files, answers and faults, and a caching resolver."""
