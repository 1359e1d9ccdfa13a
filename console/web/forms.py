"""What the console's own forms send."""

from urllib.parse import parse_qs

from starlette.requests import Request

from console.api.body import ACTION_BYTES, read_body

_FIELDS = 250


async def read_form(request: Request) -> dict[str, str]:
    """The form's fields; what was given several times (ticked boxes) with commas between.

    NULs, which PostgreSQL cannot keep, are dropped.
    """
    body = await read_body(request, ACTION_BYTES)
    try:
        fields = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return {}
    return {name: ",".join(values).replace("\0", "") for name, values in fields.items()}


def local_path(said: str) -> str:
    """Where to go next: a path of this console, never another site."""
    safe = said.startswith("/") and not said.startswith(("//", "/\\")) and said.isprintable() and len(said) < 1000
    return said if safe else "/"
