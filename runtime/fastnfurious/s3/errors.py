"""What can go wrong with objects and buckets.

::

    FastNFuriousError
    ├── ResourceNotFound (LookupError)
    │   ├── ObjectNotFound           no object has that key
    │   └── BucketNotFound           no bucket has that name
    ├── Conflict (ValueError)
    │   ├── BucketExists             a bucket of that name is there already
    │   ├── BucketNotEmpty           only an empty bucket can be deleted
    │   └── PreconditionFailed       the object is not as ``if_match`` or ``if_none_match`` wants it
    ├── InvalidArgument (ValueError) no S3 server would take that name, metadata or time
    ├── RangeNotSatisfiable (ValueError)  the object ends before the range begins
    └── StorageError                 the server answered with another error
        └── AccessDenied (PermissionError)  the credentials do not allow it
            └── CredentialsRefused   the server does not know them

A server that is away is a `ResourceUnavailable`, one that is slow an `OperationTimeout`.
"""

from __future__ import annotations

from typing import ClassVar

from fastnfurious.core.errors import Conflict, FastNFuriousError, ResourceNotFound

__all__ = [
    "AccessDenied",
    "BucketExists",
    "BucketNotEmpty",
    "BucketNotFound",
    "CredentialsRefused",
    "InvalidArgument",
    "ObjectNotFound",
    "PreconditionFailed",
    "RangeNotSatisfiable",
    "StorageError",
]


class ObjectNotFound(ResourceNotFound):
    """Say that no object has that key, or not in that version; a request gets a 404 problem."""


class BucketNotFound(ResourceNotFound):
    """Say that no bucket has that name; a request gets a 404 problem."""


class BucketExists(Conflict):
    """Say that a bucket of that name is there already."""


class BucketNotEmpty(Conflict):
    """Say that a bucket still holds objects or old versions of them."""


class PreconditionFailed(Conflict):
    """Say that an object is not as the caller expects it; a request gets a 412 problem."""

    status: ClassVar[int] = 412


class InvalidArgument(FastNFuriousError, ValueError):
    """Say that S3 knows no such name, metadata, range or time; a request gets a 400 problem."""

    status: ClassVar[int] = 400
    public: ClassVar[bool] = True


class RangeNotSatisfiable(FastNFuriousError, ValueError):
    """Say that an object ends before the range begins; a request gets a 416 problem."""

    status: ClassVar[int] = 416
    public: ClassVar[bool] = True


class StorageError(FastNFuriousError):
    """Say that the server answered with an error; a request gets a 502 problem."""

    status: ClassVar[int] = 502


class AccessDenied(StorageError, PermissionError):
    """Say that the credentials of this service do not allow what was asked for."""


class CredentialsRefused(AccessDenied):
    """Say that the server does not know the credentials, or that they have expired."""
