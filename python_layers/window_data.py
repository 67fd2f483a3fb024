"""ProposalData, ScreenData: mini-batches of windows, of the detection tower's database.

They are sampled by IoU as the detection tower's regions are, hard ones too; but a window is square
and has room around the face, as in the pyramid that the proposal net looks at.
"""

import cv2
import numpy as np

from allinone import align, regions, windows
from allinone.blob import crop
from python_layers import region_data, tops, vary
from python_layers.batch_layer import BatchLayer


class WindowSampler(region_data.RegionSampler):
    """Windows around stored proposals, around faces and anywhere, half of them mirrored."""

    shapes = staticmethod(tops.window_shapes)
    per_image = tops.WINDOWS_OF_A_PICTURE

    def label_names(self):
        """Return the arrays of the faces that are wanted beside their boxes: none."""
        return []

    def _labelled(self, candidates, faces):
        """Return the windows around candidates, and what they teach, by the IoU of their cores."""
        some = windows.around(candidates)
        return (some, *regions.label_regions(windows.cores(some), faces))

    def _cores(self, some):
        """Return the cores of windows (n, 4)."""
        return windows.cores(some)

    def _batch_of(self, rng, chosen, varied):
        """Return n pictures (side, side, 3), label (n,), offsets and their mask, both (n, 4)."""
        rows = len(chosen.label)
        offsets, mask = (np.zeros((rows, 4), np.float32) for _ in range(2))
        images = [vary.colours(rng, image) if varied else image for image in chosen.images]
        pyramids, patches = [[image] for image in images], []
        for row, box in enumerate(chosen.box):
            flip = varied and rng.random() < 0.5
            patch = window_of(pyramids[chosen.place[row]], box, self.settings["size"])
            patches.append(align.mirror(patch) if flip else patch)
            if chosen.regresses[row]:
                offsets[row] = windows.encode(self.faces["box"][chosen.face[row]], box)
                offsets[row, 0] *= -1 if flip else 1
                mask[row] = 1
        return patches, np.float32(chosen.label), offsets, mask


def window_of(pyramid, box, size):
    """Return a window of a picture, (size, size, 3), cut of the picture halved until it fits.

    pyramid: the picture, and what is made of it for other windows, each half as large as the one
    before; it grows.
    """
    times = max(0, int(np.log2(max(box[2] - box[0], 1) / size)))
    while len(pyramid) <= times:
        whole = pyramid[-1]
        even = whole[: max(len(whole) // 2 * 2, 1), : max(whole.shape[1] // 2 * 2, 1)]
        half = max(even.shape[1] // 2, 1), max(len(even) // 2, 1)
        pyramid.append(cv2.resize(even, half, interpolation=cv2.INTER_AREA))
    return crop(pyramid[times], np.float32(box) / 2**times, size)


class ScreenSampler(WindowSampler):
    """The same for the screening net, which sees little but what another net takes for faces."""

    searched_share = 0.8  # our choice
    anywhere = 4  # our choice: candidates anywhere in a picture


class ProposalData(BatchLayer):
    """Tops: data (n, 3, size, size), label (n,), offsets and their mask (n, 4).

    label: 1 a face, 0 none, -1 ignored; offsets: see allinone.windows.
    """

    sampler = WindowSampler


class ScreenData(ProposalData):
    """The same for the screening net."""

    sampler = ScreenSampler
