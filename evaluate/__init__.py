"""Metrics and protocols: predictions and ground truth in, figures out."""

from allinone import interrupts

interrupts.end_while_importing()
