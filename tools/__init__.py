"""Commands: parse, call the library, print."""

from allinone import interrupts

interrupts.end_while_importing()
