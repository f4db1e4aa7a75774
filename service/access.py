"""What API keys mean to the application; ``service.gate`` judges by them."""

from fastapi import FastAPI

from service import errors
from service.settings import Settings

KEY_NAME = "stance.key"
"""Where the ASGI scope holds the name of the caller's key, for logs and metrics."""

RESPONSES = errors.responses(
    {
        401: "No API key, or one that is not known.",
        403: "The key has not the scope that the path needs.",
        429: "The key's rate is used up.",
    }
)


def install(app: FastAPI, settings: Settings) -> None:
    """Ask for keys, if there is a file of them.

    Raises
    ------
    KeysError
        If the file cannot be used.
    """
    if settings.keys is not None:
        # Only who asks for keys pays for reading and counting: 30 ms of the start.
        from service.gate import Gate
        from service.keys import KeyRing

        app.add_middleware(Gate, ring=KeyRing(settings.keys), settings=settings)
