"""S3: objects in buckets, on a server or in a folder of the process's own.

    model = await app.s3["models"].get("42.onnx")

Without ``S3_ENDPOINT`` the objects are kept by a stand-in that honours the same contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.s3.contract import Bucket as Bucket
    from fastnfurious.s3.contract import ObjectReader as ObjectReader
    from fastnfurious.s3.contract import ObjectStorage as ObjectStorage
    from fastnfurious.s3.errors import AccessDenied as AccessDenied
    from fastnfurious.s3.errors import BucketExists as BucketExists
    from fastnfurious.s3.errors import BucketNotEmpty as BucketNotEmpty
    from fastnfurious.s3.errors import BucketNotFound as BucketNotFound
    from fastnfurious.s3.errors import CredentialsRefused as CredentialsRefused
    from fastnfurious.s3.errors import InvalidArgument as InvalidArgument
    from fastnfurious.s3.errors import ObjectNotFound as ObjectNotFound
    from fastnfurious.s3.errors import PreconditionFailed as PreconditionFailed
    from fastnfurious.s3.errors import RangeNotSatisfiable as RangeNotSatisfiable
    from fastnfurious.s3.errors import StorageError as StorageError
    from fastnfurious.s3.integration import S3Integration as S3Integration
    from fastnfurious.s3.objects import ListedObject as ListedObject
    from fastnfurious.s3.objects import ObjectStat as ObjectStat
    from fastnfurious.s3.objects import ObjectVersion as ObjectVersion
    from fastnfurious.s3.objects import WrittenObject as WrittenObject
    from fastnfurious.s3.response import ObjectResponse as ObjectResponse
    from fastnfurious.s3.settings import S3Settings as S3Settings
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "AccessDenied": "fastnfurious.s3.errors",
            "Bucket": "fastnfurious.s3.contract",
            "BucketExists": "fastnfurious.s3.errors",
            "BucketNotEmpty": "fastnfurious.s3.errors",
            "BucketNotFound": "fastnfurious.s3.errors",
            "CredentialsRefused": "fastnfurious.s3.errors",
            "InvalidArgument": "fastnfurious.s3.errors",
            "ListedObject": "fastnfurious.s3.objects",
            "ObjectNotFound": "fastnfurious.s3.errors",
            "ObjectReader": "fastnfurious.s3.contract",
            "ObjectResponse": "fastnfurious.s3.response",
            "ObjectStat": "fastnfurious.s3.objects",
            "ObjectStorage": "fastnfurious.s3.contract",
            "ObjectVersion": "fastnfurious.s3.objects",
            "PreconditionFailed": "fastnfurious.s3.errors",
            "RangeNotSatisfiable": "fastnfurious.s3.errors",
            "S3Integration": "fastnfurious.s3.integration",
            "S3Settings": "fastnfurious.s3.settings",
            "StorageError": "fastnfurious.s3.errors",
            "WrittenObject": "fastnfurious.s3.objects",
        },
    )
