"""One error tree. A class fixes the HTTP status, whether a retry can help, and the code the caller sees."""

from __future__ import annotations


class DarkroomError(Exception):
    """Anything Darkroom says no with.

    `detail` is public: a sentence for the caller, never a key, an ARN or a stack trace.
    `limit` and `measured` are in the unit that the code names (bytes, pixels, frames, files).
    """

    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"
    is_transient = False

    def __init__(self, detail: str = "", *, limit: int | None = None, measured: int | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.limit = limit
        self.measured = measured


class InvalidRequest(DarkroomError):
    status = 422
    code = "invalid_request"
    title = "The request is not valid"

    def __init__(
        self,
        detail: str = "",
        *,
        limit: int | None = None,
        measured: int | None = None,
        errors: list[dict[str, object]] | None = None,
    ) -> None:
        super().__init__(detail, limit=limit, measured=measured)
        self.errors = errors or []


class InvalidId(DarkroomError):
    status = 400
    code = "invalid_id"
    title = "This is not an id of ours"


class UnsupportedListing(InvalidRequest):
    code = "unsupported_listing"
    title = "No index serves these filters in this order"


class InvalidCursor(InvalidRequest):
    code = "invalid_cursor"
    title = "This cursor is not of this query"


class TooManyFiles(InvalidRequest):
    code = "too_many_files"
    title = "Too many files for one session"


class Unauthorized(DarkroomError):
    status = 401
    code = "invalid_key"
    title = "The API key is not valid"


class MissingKey(Unauthorized):
    code = "missing_key"
    title = "An API key is needed"


class ExpiredKey(Unauthorized):
    code = "expired_key"
    title = "The API key has expired"


class RevokedKey(Unauthorized):
    code = "revoked_key"
    title = "The API key was revoked"


class InvalidTicket(Unauthorized):
    code = "invalid_ticket"
    title = "The ticket was used, is past its time, or is none of ours"


class Forbidden(DarkroomError):
    status = 403
    code = "missing_scope"
    title = "The API key lacks the scope"


class NotFound(DarkroomError):
    status = 404
    code = "not_found"
    title = "There is no such thing"


class UnknownPreset(NotFound):
    code = "unknown_preset"
    title = "There is no such preset"


class Conflict(DarkroomError):
    status = 409
    code = "conflict"
    title = "The state does not allow it"


class NotReady(Conflict):
    """`retry_after_s` says when it is worth asking again."""

    code = "not_ready"
    title = "It is still being made"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Ask again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


class PresetBuiltIn(Conflict):
    code = "preset_built_in"
    title = "The preset is built in"


class RenditionFailed(Conflict):
    code = "rendition_failed"
    title = "The rendition could not be made"


class JobCancelled(Conflict):
    code = "job_cancelled"
    title = "The job was cancelled"


class JobActive(Conflict):
    """`job_id` is the live job."""

    code = "job_active"
    title = "The project has an active job of this kind"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"{job_id} is still at work.")
        self.job_id = job_id


class NothingToRetry(Conflict):
    code = "nothing_to_retry"
    title = "Nothing here has failed"


class TooManySubscriptions(Conflict):
    code = "too_many_subscriptions"
    title = "The connection has as many subscriptions as it may"


class GrantNeeded(Conflict):
    code = "grant_needed"
    title = "The file never arrived; ask for a new grant"


class PreconditionFailed(DarkroomError):
    status = 412
    code = "precondition_failed"
    title = "It was changed since it was read"


class Expired(DarkroomError):
    status = 410
    code = "expired"
    title = "The job has expired"


class BodyTooLarge(DarkroomError):
    status = 413
    code = "body_too_large"
    title = "The body is too large; upload the image by a grant"


class UnsupportedMediaType(DarkroomError):
    status = 415
    code = "unsupported_media_type"
    title = "The content type is not one this route takes"


class Transient(DarkroomError):
    """Worth trying again: a throttle, a conflict, a network fault, a worker out of time."""

    status = 503
    code = "try_again"
    title = "The service is busy; try again"
    is_transient = True


class Refused(DarkroomError):
    """A verdict on an image: permanent, recorded on its task, never retried."""

    status = 422
    code = "refused"
    title = "The image was refused"


class EmptyFile(Refused):
    code = "empty_file"
    title = "The file has no bytes"


class FileTooLarge(Refused):
    code = "file_too_large"
    title = "The file is larger than allowed"


class UnsupportedFormat(Refused):
    code = "unsupported_format"
    title = "The content is not an image format we take"


class TooManyPixels(Refused):
    code = "too_many_pixels"
    title = "The image has more pixels than allowed"


class EdgeTooLong(Refused):
    code = "edge_too_long"
    title = "An edge of the image is longer than allowed"


class TooManyFrames(Refused):
    code = "too_many_frames"
    title = "The animation has more frames than allowed"


class TruncatedImage(Refused):
    code = "truncated_image"
    title = "The file ends before the image does"


class UnreadableImage(Refused):
    code = "unreadable_image"
    title = "The image cannot be decoded"


class HashMismatch(Refused):
    code = "hash_mismatch"
    title = "The bytes do not match the declared SHA-256"


class QuotaExceeded(Refused):
    code = "quota_exceeded"
    title = "The tenant has used up a quota"


class OriginalGone(DarkroomError):
    """Permanent for the task that needs it: the bytes were deleted."""

    status = 404
    code = "original_gone"
    title = "The original no longer exists"


class WorkerDied(DarkroomError):
    """What a task fails with when its attempts end without a word: a crash, a time-out, an unexpected fault."""

    code = "worker_died"
    title = "The work was begun several times and never ended"
