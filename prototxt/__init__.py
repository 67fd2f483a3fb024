"""The network definitions: Python that writes the prototxt files in paper/ and tiny/."""
