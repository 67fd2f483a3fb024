"""Score anybody's detections on PASCAL faces by the rules of face-eval; no model is needed.

    python -m evaluate.pascal --annotations Annotations_Face_PASCALLayout_large_fixed.mat \\
        --detections DPM.txt --json
"""

from __future__ import annotations

import sys

from allinone.errors import command
from evaluate import scored_files


@command
def main(argv=None):
    """Print the average precision of a file of detections."""
    scored_files.score(scored_files.parse(argv, "pascal", __doc__.splitlines()[0]))


if __name__ == "__main__":
    sys.exit(main())
