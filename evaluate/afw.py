"""Score anybody's detections on AFW by the rules of face-eval; no model is needed.

python -m evaluate.afw --annotations new_annotations_AFW.mat --detections DPM.txt --json
"""

from __future__ import annotations

import sys

from allinone.errors import command
from evaluate import scored_files


@command
def main(argv=None):
    """Print the average precision of a file of detections."""
    scored_files.score(scored_files.parse(argv, "afw", __doc__.splitlines()[0]))


if __name__ == "__main__":
    sys.exit(main())
