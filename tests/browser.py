"""A headless Chromium for tests of pages, by the DevTools protocol over two pipes.

https://chromedevtools.github.io/devtools-protocol: each message is JSON and ends in a zero byte.
"""

import base64
import collections
import json
import os
import select
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60  # seconds for one answer
# A process as root needs no-sandbox; the others let a machine without screen or camera do.
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --hide-scrollbars "
    "--disable-dev-shm-usage --disable-background-networking --remote-debugging-pipe "
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
).split()


def path():
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A page of a browser of its own, whose faults it collects."""

    def __init__(self, profile):
        """Start a browser; profile: folder for what it keeps."""
        theirs, self.write = os.pipe()
        self.read, back = os.pipe()
        start = f'exec "$0" "$@" 3<&{theirs} 4>&{back}'
        self.process = subprocess.Popen(
            ["bash", "-c", start, path(), *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(theirs, back),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(back)
        self.count, self.rest, self.session = 0, b"", None
        self.events = collections.defaultdict(list)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def close(self):
        """End the browser."""
        self.process.kill()
        self.process.wait()
        os.close(self.write)
        os.close(self.read)

    def call(self, method, **parameters):
        """Call a method of the protocol; return its result."""
        self.count += 1
        message = dict(id=self.count, method=method, params=parameters)
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self.count:
                assert "error" not in found, (method, found)
                return found["result"]
            self.events[found.get("method")].append(found.get("params"))

    def _next(self):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read], [], [], PATIENCE)
            assert ready, "the browser does not answer"
            self.rest += os.read(self.read, 1 << 20)
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def open(self, address, width=1280, height=900, is_phone=False):
        """Go to an address with a window of a size, and wait until the page says it is ready."""
        self._give_size(width, height, is_phone)
        self.call("Page.navigate", url=address)
        self.until("document.documentElement?.dataset.ready !== undefined")

    def resize(self, width, height, is_phone=False):
        """Give the window of a page that is open a size, and wait until it has it."""
        self._give_size(width, height, is_phone)
        self.until(f"innerWidth === {width}")

    def _give_size(self, width, height, is_phone):
        size = dict(width=width, height=height, deviceScaleFactor=2 if is_phone else 1)
        self.call("Emulation.setDeviceMetricsOverride", mobile=is_phone, **size)

    def js(self, expression):
        """Return the value of an expression, of a promise when it is there."""
        how = dict(expression=expression, awaitPromise=True, returnByValue=True)
        found = self.call("Runtime.evaluate", userGesture=True, **how)
        assert "exceptionDetails" not in found, (expression, found)
        return found["result"].get("value")

    def until(self, condition):
        """Wait until an expression is true."""
        step = f"const look = () => ({condition}) ? done() : setTimeout(look, 20)"
        self.js(f"new Promise((done) => {{ {step}; look(); }})")

    def choose(self, selector, *files):
        """Choose files in an input."""
        node = self.call("Runtime.evaluate", expression=f"document.querySelector('{selector}')")
        place = node["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(one) for one in files], objectId=place)

    def press(self, key, text=""):
        """Press a key."""
        code = {"Enter": 13, " ": 32, "Tab": 9, "ArrowRight": 39}.get(key, 0)
        how = dict(key=key, text=text, windowsVirtualKeyCode=code)
        self.call("Input.dispatchKeyEvent", type="keyDown", **how)
        self.call("Input.dispatchKeyEvent", type="keyUp", **how)

    def screenshot(self, path_, is_whole=False):
        """Write what is seen, or the whole page, as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=is_whole)
        with open(path_, "wb") as stream:
            stream.write(base64.b64decode(shot["data"]))

    def faults(self):
        """Return the errors of scripts, and what the page could not load or was not allowed to."""
        wrong = [one["exceptionDetails"] for one in self.events["Runtime.exceptionThrown"]]
        logged = [one["entry"] for one in self.events["Log.entryAdded"]]
        return wrong + [one for one in logged if one["level"] == "error"]

    def requested(self):
        """Return the addresses that the page has asked for."""
        return [one["request"]["url"] for one in self.events["Network.requestWillBeSent"]]
