"""Render a head: cast parallel rays on its surface, shade it, say which landmarks can be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_prep.head_shape import MAP_HEIGHT, MAP_WIDTH

REACH = 1.45  # no head with hair reaches further from its centre
TOUCH = 0.004  # a ray within this distance has met the surface
STRIDE = 0.55  # share of the gap that a ray advances: < 1, since heads are steeper than a sphere
LEAST_STEP = 0.012  # half the thinnest part (the ear's rim)
SLACK = 0.07  # depth within which a point counts as seen: at a grazing angle it meets its own skin


@dataclass
class Light:
    """One lamp and the light around it."""

    direction: np.ndarray  # (3,) unit vector towards the lamp: x right, y down, z viewer
    strength: float
    ambient: float
    tint: np.ndarray  # (3,) BGR factors
    shine: float


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a lamp somewhere in front of the face."""
    direction = np.array([rng.normal(0, 0.7), rng.normal(-0.4, 0.5), 1.0])
    return Light(
        direction / np.linalg.norm(direction),
        rng.uniform(0.4, 0.75),
        rng.uniform(0.35, 0.55),
        rng.uniform(0.94, 1.06, 3),
        rng.uniform(0, 0.18),
    )


def _lookup(x, y, z):
    """Return map coordinates and radius of head-axes points."""
    flat, lon = cv2.cartToPolar(z, x)  # 0 to 2 pi, 0 straight ahead
    r = np.sqrt(flat * flat + y * y)
    turn = (lon + np.float32(np.pi)) % np.float32(2 * np.pi)
    u = turn * np.float32(MAP_WIDTH / (2 * np.pi)) - np.float32(0.5)
    w = (y / np.maximum(r, 1e-6) + 1) * np.float32(MAP_HEIGHT / 2) - np.float32(0.5)
    return u, w, r


def _gap(radius, points):
    """Return how far points (3, n) lie outside the surface, along their own radius."""
    u, w, r = _lookup(*[np.ascontiguousarray(p)[:, None] for p in points])
    column = np.clip(np.rint(u[:, 0]), 0, MAP_WIDTH - 1).astype(np.int32)
    row = np.clip(np.rint(w[:, 0]), 0, MAP_HEIGHT - 1).astype(np.int32)
    return r[:, 0] - radius.ravel()[row * MAP_WIDTH + column]


def _cast(radius, turn, x, y):
    """Return the depth z of what rays at camera (x, y) from the viewer meet, NaN for nothing."""
    inside = x * x + y * y < REACH**2
    hit = np.full(x.shape, np.nan, np.float32)
    index = np.flatnonzero(inside)
    z = np.sqrt(REACH**2 - x[index] ** 2 - y[index] ** 2).astype(np.float32)
    last = -z * 0.6  # behind this no part of the front can lie
    inverse = turn.T.astype(np.float32)
    start = _times(inverse[:, :2], (x[index], y[index]))
    ahead = inverse[:, 2:]
    while len(index):
        gap = _gap(radius, start + ahead * z)
        met = gap < TOUCH
        hit[index[met]] = z[met] - gap[met] * 0.5
        going = ~met & (z > last)
        index, last, start = index[going], last[going], start[:, going]
        z = z[going] - np.maximum(gap[going] * STRIDE, LEAST_STEP)
    return hit


def _times(matrix, rows):
    """Return matrix (m, k) times k rows of numbers.

    They are summed in one order. BLAS sums as its threads go, and pictures would differ with them.
    """
    return sum(matrix[:, k, None] * row for k, row in enumerate(rows))


def _sampled(values, u, w):
    """Return a map's values at map coordinates."""
    return cv2.remap(values, u, w, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def render(head, turn, side: int, scale: float, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of a head at its centre: BGR float (side, side, 3), alpha (side, side).

    turn: 3x3 rotation (allinone.pose); scale: pixels for one unit of head axes.
    """
    # 1. What each ray meets; small heads are rendered at twice the size.
    finer = 2 if scale < 45 else 1
    n, scale = side * finer, float(scale)  # NumPy 2 would compute in 64 bits with its own numbers
    axis = ((np.arange(n, dtype=np.float32) + 0.5) / n - 0.5) * (side / scale)
    x, y = [c.ravel() for c in np.meshgrid(axis, axis)]
    depth = _cast(head.radius, turn, x, y)
    met = np.isfinite(depth)
    depth = np.where(met, depth, 0)
    points = _times(turn.T.astype(np.float32), (x, y, depth))
    hx, hy, hz = [p.reshape(n, n) for p in points]
    u, w, r = _lookup(hx, hy, hz)
    # 2. Colours under the light.
    albedo = _sampled(head.albedo, u, w).astype(np.float32)
    normals = _normals(head.radius, hx, hy, hz, u, w, r).reshape(3, -1)
    normals = _times(turn.astype(np.float32), normals)
    image = _shaded(albedo, _sampled(head.hair, u, w), normals, light)
    alpha = met.reshape(n, n).astype(np.float32)
    # 3. Soft edges.
    if finer == 1:
        return image, cv2.GaussianBlur(cv2.erode(alpha, np.ones((2, 2))), (0, 0), 0.6)
    small = cv2.resize(image * alpha[..., None], (side, side), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(alpha, (side, side), interpolation=cv2.INTER_AREA)
    return small / np.maximum(alpha, 1e-3)[..., None], alpha


def _shaded(albedo, hair, normals, light):
    """Return colours (n, n, 3) of surface points under a light; hair shines less than skin."""
    shape = hair.shape
    lit = _times(light.direction.astype(np.float32)[None], normals)
    lit = np.clip(lit, 0, None).reshape(shape)
    half = light.direction + np.array([0, 0, 1.0])
    half = (half / np.linalg.norm(half)).astype(np.float32)
    glint = np.clip(_times(half[None], normals), 0, None).reshape(shape) ** 24
    edge = 0.72 + 0.28 * np.clip(normals[2].reshape(shape), 0, 1)
    brightness = ((light.ambient + light.strength * lit) * edge)[..., None]
    image = albedo * brightness * light.tint.astype(np.float32)
    image += (255 * light.shine * glint * (1 - 0.7 * hair))[..., None]
    return image


def _normals(radius, x, y, z, u, w, r):
    """Return the unit normals (3, h, w): the gradient of |p| - radius(direction of p)."""
    along_lon = cv2.Sobel(radius, cv2.CV_32F, 1, 0, scale=MAP_WIDTH / (2 * np.pi) / 8)
    along_v = cv2.Sobel(radius, cv2.CV_32F, 0, 1, scale=MAP_HEIGHT / 2 / 8)
    slope_lon = cv2.remap(along_lon, u, w, cv2.INTER_LINEAR)
    slope_v = cv2.remap(along_v, u, w, cv2.INTER_LINEAR)
    flat2 = np.maximum(x * x + z * z, 1e-3)
    r = np.maximum(r, 1e-3)
    v = y / r
    normal = np.stack(
        [
            x / r - slope_lon * z / flat2 + slope_v * v * x / r**2,
            y / r - slope_v * (1 - v * v) / r,
            z / r + slope_lon * x / flat2 + slope_v * v * z / r**2,
        ]
    )
    return normal / np.maximum(np.linalg.norm(normal, axis=0), 1e-6)


def project(points: np.ndarray, turn, center, scale: float) -> np.ndarray:
    """Return image points (n, 2) of head-axes points (n, 3)."""
    return (points @ turn.T)[:, :2] * scale + np.asarray(center)


def visible(head, turn, points: np.ndarray) -> np.ndarray:
    """Return which surface points (n, 3) the viewer sees, as bool (n,).

    A point is seen where nothing of the head lies before it.
    """
    camera = points @ turn.T
    x, y = camera[:, 0].astype(np.float32), camera[:, 1].astype(np.float32)
    first = _cast(head.radius, turn, x, y)
    return np.isfinite(first) & (first <= camera[:, 2] + SLACK)


def hair_over(head, points: np.ndarray) -> np.ndarray:
    """Return which surface points (n, 3) lie under hair, as bool (n,)."""
    u, w, _ = _lookup(*[np.ascontiguousarray(c, np.float32)[:, None] for c in points.T])
    return cv2.remap(head.hair, u, w, cv2.INTER_LINEAR).ravel() > 0.5
