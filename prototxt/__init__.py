"""The networks: Python that writes every net and solver file; paper/ holds those of the paper."""

from allinone import interrupts

interrupts.end_while_importing()
