"""`python -m allinone <command>`, as the installed `allinone <command>`."""

import sys

from allinone.cli import main

if __name__ == "__main__":
    sys.exit(main())
