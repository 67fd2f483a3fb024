"""Fuse trained sub-networks into one model, and prove that it gives the same answers."""
