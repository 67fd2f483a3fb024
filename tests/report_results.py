"""Results as the report reads them, and the page that it makes of them."""

import json
from html.parser import HTMLParser

from evaluate import curves, report_page

WITHOUT_END = ("meta", "img", "br", "path", "use", "rect")


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.open, self.text, self.source = [], [], "", source
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        self.text += data

    def of(self, tag):
        """Return the attributes of all tags of one kind."""
        return [attributes for name, attributes in self.tags if name == tag]


CURVE = dict(curves.curve([0, 0.5, 1], [1, 0.8, 0.2], curves.DISCRETE, 81.5))
COMMON = dict(
    rules=["a <rule>"],
    counts=dict(faces=450),
    deviations={},
    records_sha256="ab" * 32,
    proposals="dense",
    engine="caffe",
    machine="2 cores",
    date="2026-01-02",
    model=dict(
        folders=["out/model"],
        sha256=["cd" * 32],
        profile="tiny",
        provenance=dict(sources=[dict(job="joint", iteration=9, iterations=10)]),
    ),
)


def write(folder, name, **fields):
    """Write the results of a benchmark into a folder of results."""
    (folder / name).mkdir(parents=True)
    plain = dict(failures=[], incomplete=[], curves={}, drawn=False, data=str(folder))
    text = json.dumps({**COMMON, "benchmark": name, **plain, **fields})
    (folder / name / "results.json").write_text(text)


def change(results, name, **fields):
    """Change fields of a benchmark's results."""
    path = results / "eval" / name / "results.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def made(results):
    """Return the page of the library."""
    found = report_page.gather(str(results / "eval"))
    return Page(report_page.page(found, str(results / "data"), str(results / "bench.json")))


def options(results):
    return (
        *("--results", results / "eval", "--data", results / "data"),
        *("--bench", results / "bench.json", "--out", results / "report"),
    )
