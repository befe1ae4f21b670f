"""What the archive's tests may ask for beside the services of all: an S3 server."""

from tests.object_store import object_store, s3_server

__all__ = ["object_store", "s3_server"]
