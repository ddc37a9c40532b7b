"""A bucket as a drain writes to it: S3 creates an object at most once.

Belongs here: conditional requests. Not here: folders (`store`), listing and opening objects (`s3`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from resources.landing.pages import LandingFailed
from resources.landing.s3 import S3Landing

EXISTS = {"PreconditionFailed", "ConditionalRequestConflict"}  # there is such an object, or one is being created


@dataclass(frozen=True)
class S3Store:
    """A bucket. Satisfies `LandingStore`. S3 creates no object that exists, by the condition `If-None-Match: *`."""

    landing: S3Landing

    def create(self, path: str, content: bytes) -> bool:
        key = self.landing.key(path)
        try:
            self._client.put_object(Bucket=self.landing.bucket, Key=key, Body=content, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in EXISTS:
                return False
            raise self._failed("creating", path, error) from error
        except BotoCoreError as error:
            raise self._failed("creating", path, error) from error
        return True

    def read(self, path: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self.landing.bucket, Key=self.landing.key(path))
            content: bytes = answer["Body"].read()
        except self._client.exceptions.NoSuchKey as error:
            raise FileNotFoundError(path) from error
        except (ClientError, BotoCoreError) as error:
            raise self._failed("reading", path, error) from error
        return content

    @property
    def _client(self) -> Any:
        return self.landing.client

    def _failed(self, doing: str, path: str, error: Exception) -> LandingFailed:
        return LandingFailed(f"{doing} {self.landing.address(path)}: {error}")
