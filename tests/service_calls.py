"""Calls of a service in tests: of one in a process of its own, or of an application in this one."""

import asyncio
import contextlib
import http.client
import json
import re
import sys
import threading
from types import SimpleNamespace
from urllib.parse import quote

import numpy as np
from conftest import started

from allinone import Face
from allinone.gallery import Likeness

BOUNDARY = "8f2a1"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*files):
    """Return the body of a form of (field, name of a file, bytes)."""
    parts = []
    for field, name, data in files:
        told = f'content-disposition: form-data; name="{field}"; filename="{name}"'
        parts.append(f"--{BOUNDARY}\r\n{told}\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Answer:
    """What a service has answered."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def error(self):
        """Return the sentence of a refusal."""
        (sentence,) = self.json().values()
        assert list(self.json()) == ["error"] and self.headers["content-type"] == "application/json"
        return sentence


@contextlib.contextmanager
def serving(*options, **environment):
    """Start `allinone serve`; give a function that asks it, with .process and .address."""
    command = [sys.executable, "-m", "allinone", "serve", "--port", "0", *map(str, options)]
    with started(command, **environment) as process:
        try:
            yield asking(process)
        finally:
            process.kill()


def asking(process):
    """Wait until a service answers; return a function that asks it."""
    said = ""
    for line in process.stdout:
        said += line
        found = re.match(r"http://(\S+) answers", line)
        if found:
            break
    else:
        raise AssertionError(said + process.stderr.read())
    address = found.group(1)

    def ask(method, path, body=None, **headers):
        connection = http.client.HTTPConnection(address, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, quote(path, safe="/?=&%"), body, named)
        with contextlib.closing(connection):
            found = connection.getresponse()
            return Answer(found.status, {**found.headers}, found.read())

    ask.process, ask.address, ask.said = process, f"http://{address}", said
    return ask


class StandIn:
    """An analyzer that finds in each picture a face of its size; `lets` can keep it waiting."""

    engine = "none"

    def __init__(self):
        self.backend = SimpleNamespace(folder="models/none", gpu="")
        self.lets = threading.Event()
        self.lets.set()
        self.calls = []

    def analyze_many(self, images, score):
        self.calls.append([image.shape[:2] for image in images])
        assert self.lets.wait(60)
        return [[self._face(image)] for image in images]

    @staticmethod
    def _face(image):
        height, width = image.shape[:2]
        points = np.float32([[width / 2, height / 2]] * 21)
        answers = dict(score=0.9, visibility=np.ones(21), pose=np.zeros(3), landmarks=points)
        direction = np.float64([height, width, image.mean()])
        return Face(box=np.float32([0, 0, width, height]), descriptor=direction, **answers)


LIKENESS = Likeness("stand-in", Face.unit_descriptor, 0.6)


def ask_here(app, method, path, parts=(b"",), **headers):
    """Ask an application in this process; return its Answer.

    parts: the body as it comes in; None stands for one that does not come.
    """
    return asyncio.run(asked(app, method, path, parts, **headers))


async def asked(app, method, path, parts=(b"",), **headers):
    """As ask_here, for several at once."""
    waiting, sent = list(parts), []
    path, _, query = path.partition("?")
    told = {"host": "localhost", **headers}
    scope = dict(
        type="http",
        http_version="1.1",
        method=method,
        path=path,
        raw_path=path.encode(),
        query_string=query.encode(),
        root_path="",
        scheme="http",
        headers=[(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()],
        client=("127.0.0.1", 1),
        server=("localhost", 80),
    )

    async def receive():
        if not waiting or waiting[0] is None:
            await asyncio.Event().wait()  # for ever: the client is still there
        part = waiting.pop(0)
        return dict(type="http.request", body=part, more_body=bool(waiting))

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    answer = Answer(start["status"], found, b"".join(one.get("body", b"") for one in rest))
    answer.unread = len(waiting)
    return answer
