"""The network: a graph of sites and hosts, with links that take time and can fail."""
