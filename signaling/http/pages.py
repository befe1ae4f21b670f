"""The web app's files: HTML by path, assets by name. Decides caching; renders nothing."""

from pathlib import Path

from aiohttp import web

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
