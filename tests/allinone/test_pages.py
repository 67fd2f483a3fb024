"""Pages of templates: values are text, and none is missing in silence."""

import jinja2
import pytest

from allinone import pages

TEMPLATE = """{% for name in names %}
<p>{{ name }}</p>
{% endfor %}
"""


def test_a_value_is_text_and_a_missing_one_an_error(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(TEMPLATE)
    assert pages.render(str(path), names=["<b>", "ö"]) == "<p>&lt;b&gt;</p>\n<p>ö</p>\n"
    with pytest.raises(jinja2.UndefinedError, match="names"):
        pages.render(str(path))
