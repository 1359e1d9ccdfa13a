"""The Bearer token that every call to the API carries."""

from starlette.requests import Request

from console.api.answers import ApiError
from console.auth import Caller, Scope, Tokens, bearer

_NONE = (
    'no token is configured: add an [api.tokens] entry, or a listener of kind "api", to the configuration, and restart'
)


def authorised(request: Request, tokens: Tokens, scope: Scope) -> Caller:
    """The caller. Raises ApiError 401 without a known token, 403 if the token lacks the scope."""
    token = bearer(request.headers.get("authorization"))
    caller = tokens.find(token) if token else None
    if caller is None:
        said = "this token is not known" if token else "send a token: Authorization: Bearer …"
        raise ApiError(401, said if tokens else _NONE, headers={"WWW-Authenticate": "Bearer"})
    if not caller.may(scope):
        has = ", ".join(sorted(caller.scopes))
        raise ApiError(403, f"the token “{caller.name}” has the scope {has}; this call needs {scope}")
    return caller
