"""The web app's files: HTML by path, assets by name. Decides caching, and what a mistyped address shows; renders nothing."""

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from common.errors import Unavailable
from signaling.http.security import Handler

WEB_ROOT = Path(__file__).resolve().parents[2] / "web" / "dist"
PATIENT_PATHS = ("/", "/join", r"/visit/{seat:[a-z]{1,4}_[a-z2-7]{16}}")
DESK_PATHS = ("/desk",)
ARCHIVE_PATHS = ("/archive",)


def add_pages(app: web.Application, root: Path = WEB_ROOT) -> None:
    """Serve the built web app. Assets carry a hash in their name, so browsers may keep them for good."""
    for path in PATIENT_PATHS:
        app.router.add_get(path, _html(root / "index.html"))
    for path in DESK_PATHS:
        app.router.add_get(path, _html(root / "desk.html"))
    for path in ARCHIVE_PATHS:
        app.router.add_get(path, _html(root / "archive.html"))
    app.router.add_get(r"/assets/{name:[A-Za-z0-9_.-]{1,120}}", _file(root / "assets", "public, max-age=31536000, immutable"))
    app.router.add_get(r"/{name:[a-z-]{1,40}\.(?:svg|png|ico|webmanifest|txt)}", _file(root, "public, max-age=3600"))


def strays(root: Path = WEB_ROOT) -> Middleware:
    """Whoever opens an address of ours that leads nowhere is shown a page that leads on; programs get an error.

    A path that only a slash too many keeps from being one of ours is led there: the token behind it goes along in the browser.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            if request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get("Accept", ""):
                raise
            if (path := request.path.rstrip("/")) in (*PATIENT_PATHS, *DESK_PATHS, *ARCHIVE_PATHS):
                raise web.HTTPPermanentRedirect(path) from None
            return web.FileResponse(root / "index.html", status=404, headers={"Cache-Control": "no-cache"})

    return middleware


def _html(path: Path) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        if not _exists(path):
            raise Unavailable("web_not_built", "The web app is not built; `make build` builds it.")
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return handler


def _file(folder: Path, caching: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        path = folder / request.match_info["name"]
        if not _exists(path):
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Cache-Control": caching})

    return handler


def _exists(path: Path) -> bool:
    """A look at the disk: microseconds, less than handing it to a thread."""
    return path.is_file()
