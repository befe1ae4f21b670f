"""A real S3 server for tests: moto's, in a thread, on a free port of 127.0.0.1. It can be stopped and started again."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from recording.records import S3Address
from recording.storage import RemoteStorage
from tests.processes import unused_port

BUCKET = "recordings"


class ObjectStore:
    """The server; buckets live in this process's memory, so they outlast `stop`."""

    def __init__(self) -> None:
        self.port = unused_port()
        self._server: ThreadedMotoServer | None = None
        self.start()
        import boto3

        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
        )
        self.client.create_bucket(Bucket=BUCKET)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> S3Address:
        return S3Address(f"s3://{BUCKET}/hospital", self.endpoint, access_key="test", secret_key="test")

    @property
    def storage(self) -> RemoteStorage:
        return RemoteStorage(self.address)

    def start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def stored(self) -> list[str]:
        """What the bucket holds."""
        return sorted(each["Key"] for each in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", []))

    def empty(self) -> None:
        for key in self.stored():
            self.client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[ObjectStore]:
    server = ObjectStore()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def object_store(s3_server: ObjectStore) -> Iterator[ObjectStore]:
    """An empty bucket, and a server that runs again afterwards whatever the test did."""
    s3_server.empty()
    yield s3_server
    if s3_server._server is None:
        s3_server.start()
