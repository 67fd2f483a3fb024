"""What the data layers give follows from the table; these are the names that nets rely on."""

from python_layers import tops

REGION_LABELS = dict(
    detection=("label",),
    landmarks=("landmarks_label", "landmarks_mask"),
    visibility=("visibility_label", "visibility_mask"),
    pose=("pose_label", "pose_mask"),
)


def test_the_towers_have_the_labels_of_their_tasks():
    assert tops.labels_of("det") == REGION_LABELS
    assert tops.labels_of("hyperface") == {**REGION_LABELS, "gender": ("gender_label",)}
    assert tops.labels_of("smile") == dict(smile=("label",))
    assert tops.labels_of("age") == dict(age=("label", "sigma"))
    assert tops.labels_of("id") == dict(identity=("label",))


def test_the_shapes_are_in_the_order_of_the_labels():
    assert tops.aligned_shapes(4, 115) == [(4, 3, 115, 115), (4,), (4,)]
    pairs = [(4, 42), (4, 42), (4, 21), (4, 21), (4, 3), (4, 3)]
    assert tops.region_shapes(4, 115) == [(4, 3, 115, 115), (4,), *pairs, (4,)]


def test_hyperface_learns_from_the_regions_of_the_detection_tower():
    assert tops.database_of("hyperface") == tops.database_of("det") == "det"
    assert tops.database_of("age") == "age"
