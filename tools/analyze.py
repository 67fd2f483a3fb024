"""Find and describe faces in pictures, folders, videos or a camera's picture, with a fused model.

python -m tools.analyze is `allinone analyze` (allinone.commands.analyze) in a checkout.
"""

import sys

from allinone.commands.analyze import main

if __name__ == "__main__":
    sys.exit(main())
