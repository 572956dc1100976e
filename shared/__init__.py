"""Darkroom's own code: settings and edges here, then domain, stores and use cases."""
