"""Darkroom broken on purpose, and its books checked afterwards: `make soak`."""
