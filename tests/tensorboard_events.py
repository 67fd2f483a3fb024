"""Read TensorBoard's event files by their definition: TFRecord frames of Event messages."""

import os
import struct

from tensorboardX.proto.event_pb2 import Event


def scalars(folder):
    """Return {tag: [(step, value)]} of all event files of a folder."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as stream:
            while True:
                head = stream.read(12)  # length (8 bytes) and its checksum
                if len(head) < 12:
                    break
                event = Event.FromString(stream.read(struct.unpack("<Q", head[:8])[0]))
                stream.read(4)  # checksum of the data
                for value in event.summary.value:
                    found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found
