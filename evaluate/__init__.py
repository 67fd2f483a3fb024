"""Metrics and protocols: predictions and ground truth in, figures out."""
