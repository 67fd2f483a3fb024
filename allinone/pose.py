"""Head pose: one sign convention, one conversion between records and networks.

Records hold (roll, pitch, yaw) in degrees. In image axes (x right, y down):
  roll  > 0: the head is turned clockwise in the image,
  pitch > 0: the nose points up,
  yaw   > 0: the nose points towards the image's right.
The networks regress radians, so that the pose loss has the size of the other losses.
"""

from __future__ import annotations

import numpy as np


def rotation_matrix(pose) -> np.ndarray:
    """Return the 3x3 rotation of head axes (x right, y down, z towards the viewer).

    pose: roll, pitch, yaw in degrees; the head is turned by yaw first, then pitch, then roll.
    """
    roll, pitch, yaw = np.radians(pose)
    cr, sr = np.cos(roll), np.sin(roll)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cy, sy = np.cos(yaw), np.sin(yaw)
    turn_yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn_roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return turn_roll @ turn_pitch @ turn_yaw


def encode_pose(pose) -> np.ndarray:
    """Convert (..., 3) degrees to what the pose layer regresses."""
    return np.radians(np.asarray(pose, np.float32))


def decode_pose(output) -> np.ndarray:
    """Convert (..., 3) outputs of the pose layer to degrees."""
    return np.degrees(np.asarray(output, np.float32))


def mirror_pose(pose) -> np.ndarray:
    """Return the pose of the face in the mirrored image: roll and yaw change sign."""
    return np.asarray(pose, np.float32) * np.float32([-1, 1, -1])
