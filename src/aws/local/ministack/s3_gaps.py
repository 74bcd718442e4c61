"""S3 calls that ministack answers otherwise than AWS.

A new bucket blocks public access, as every bucket since April 2023 does (ministack has it so
only when it checks credentials), and a bucket policy must be a policy. Of a presigned address, the
key counts and the time, as everywhere here, not the signature: ministack sees a shorter key.
"""

from gap_kit import in_front_of, is_policy, require
from ministack.services import s3

require(s3, "_NEW_BUCKET_PUBLIC_ACCESS_BLOCK", "_error", "_buckets", "_verify_presigned_sigv4")


@in_front_of(s3, "_new_bucket_public_access_block")
def new_bucket_public_access_block(theirs):
    return {"_public_access_block": s3._NEW_BUCKET_PUBLIC_ACCESS_BLOCK}


@in_front_of(s3, "_put_bucket_policy")
def put_bucket_policy(theirs, name, body):
    if name in s3._buckets and not is_policy(body):
        return s3._error("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", 400)
    return theirs(name, body)


@in_front_of(s3, "_verify_presigned_sigv4")
def verify_presigned(theirs, *args):
    error = theirs(*args)
    return None if error and b"<Code>SignatureDoesNotMatch</Code>" in error[2] else error
