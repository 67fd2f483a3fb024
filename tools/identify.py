"""Say who is in a picture, by a gallery of people whose pictures are known.

python -m tools.identify is `allinone identify` (allinone.commands.identify) in a checkout.
"""

import sys

from allinone.commands.identify import main

if __name__ == "__main__":
    sys.exit(main())
