"""The three kinds of failure that the outside may see; anything else is a bug (style.md, 5).

A `ProtocolError` closes the connection that sent it, a `UserError` is shown to the person, an `Unavailable` may be tried again.
Each carries a stable code (snake_case, documented in PROTOCOL.md) and an English sentence for developers; people read the
translation that the browser keeps under the same code.
"""


class ConsiliumError(Exception):
    """Base of the three: `code` is stable, `sentence` carries no personal data.

    `retry_after_s` is known where time alone helps (RFC 9110, Retry-After).
    """

    def __init__(self, code: str, sentence: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.retry_after_s = retry_after_s


class ProtocolError(ConsiliumError):
    """The other program broke the protocol."""


class UserError(ConsiliumError):
    """The person asked for something that cannot be; nothing was changed."""


class Unavailable(ConsiliumError):
    """We cannot do it now; the same request may succeed later."""
