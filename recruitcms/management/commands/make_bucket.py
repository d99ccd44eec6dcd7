from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes the bucket of FILES_URL where there is none. With files on this machine there is nothing to do."

    def handle(self, *args: Any, **options: Any) -> None:
        storage: Any = default_storage
        name = getattr(storage, "bucket_name", "")
        if not name:
            self.stdout.write("Files are kept in DATA_DIR.")
            return
        from botocore.exceptions import ClientError  # of an extra, which sites without a bucket do not have

        client, region = storage.connection.meta.client, storage.region_name
        try:
            client.head_bucket(Bucket=name)
            self.stdout.write(f"The bucket {name} is there.")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            client.create_bucket(Bucket=name, **place)
            self.stdout.write(f"Made the bucket {name}.")
