"""Programs to read and to start from: each is run as `python -m examples.<name>`."""

from allinone import interrupts

interrupts.end_while_importing()
