import json
import os
import re

from evaluate import synthetic
from tools import demo_page


def test_the_page_shows_the_results_and_its_pictures(chain, tmp_path):
    for place, there in (
        ("test/faces", "faces"),
        ("test/scenes", "scenes"),
        ("train/faces", "faces"),
        ("model", "model"),
        ("run", "run"),
    ):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        os.symlink(chain / there, tmp_path / place)
    arguments = [
        "--faces",
        str(chain / "faces"),
        "--scenes",
        str(chain / "scenes"),
        "--out",
        str(tmp_path / "eval"),
    ]
    assert synthetic.main(["--model", str(chain / "model"), *arguments]) == 0
    assert demo_page.main(["--demo", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="([^"]+)"', page)
    assert {
        "curves.png",
        "sheet.png",
        "portraits.png",
        "astronaut_trained.png",
        "astronaut_shipped.png",
        "hopper_trained.png",
        "hopper_shipped.png",
    } <= set(pictures)
    assert all((tmp_path / name).stat().st_size > 1000 for name in pictures)
    results = json.loads((tmp_path / "results.json").read_text())
    assert {task: list(figures) for task, figures in results.items()} == {
        "detection": ["ap50"],
        "landmarks": ["nme"],
        "pose": ["yaw_mae"],
        "visibility": ["accuracy"],
        "smile": ["accuracy"],
        "gender": ["accuracy"],
        "age": ["mae"],
        "identity": ["auc"],
    }
    table = (tmp_path / "table.txt").read_text()
    for shown in (f"{results['smile']['accuracy']:.1%}", f"{results['age']['mae']:.1f} years"):
        assert shown in table and shown in page
    assert str(tmp_path / "index.html") in table
