"""Caffe's messages with the numbers of their blobs as bytes, just as they stand in the file.

protobuf 3 has no compiled parser for Python 3.11 and newer: it makes a Python object of every
number, which takes minutes and gigabytes for a net at full width.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from allinone.pycaffe import caffe_pb2

BLOB, NUMBERS = "BlobProto", ("data", "diff")  # its packed float32 numbers


def _changed_file() -> descriptor_pb2.FileDescriptorProto:
    """Return Caffe's file of messages; a packed list and bytes are written alike."""
    file = descriptor_pb2.FileDescriptorProto()
    caffe_pb2.DESCRIPTOR.CopyToProto(file)
    (blob,) = (message for message in file.message_type if message.name == BLOB)
    for field in blob.field:
        if field.name in NUMBERS:
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
            field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            field.ClearField("options")  # says that it is packed
    return file


def _message(pool: descriptor_pool.DescriptorPool, name: str):
    """Return the class of a message; protobuf 4.22 and newer have a function for it."""
    descriptor = pool.FindMessageTypeByName(f"{caffe_pb2.DESCRIPTOR.package}.{name}")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


_POOL = descriptor_pool.DescriptorPool()
_POOL.AddSerializedFile(_changed_file().SerializeToString())
NetParameter, SolverState = _message(_POOL, "NetParameter"), _message(_POOL, "SolverState")
