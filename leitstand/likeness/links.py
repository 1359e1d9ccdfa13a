"""Links in one canonical form, so that the same page is the same text however it was shared. Pure.

No scheme, no www. or m., no fragment, no trailing slash, no AMP suffix, no tracking parameters. A page's address that
somebody wrapped into a redirector is taken out only where the wrapper itself carries it; nothing is ever fetched.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

MOST = 5  # a post with more links than that is a digest: its links say nothing of what it is about

_LINK = re.compile(r"(?:https?://|(?<![\w@./-])www\.)[^\s<>\"“”„]+", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w@./:-])(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s<>\"“”„]+", re.IGNORECASE)
_CUT = re.compile(r"(?:…|\.\.\.)$")
_TRAILING = ".,;:!?'’«»*_"
_PREFIX = re.compile(r"^(?:www\d?|m|mobile|amp|old)\.(?=[^.]+\.)")
_AMP_PATH = re.compile(r"(?:/amp(?:/index)?|[./]amp\.html?|\.amp)$", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_AMP_CACHE = re.compile(r"^(?:[^/]*\.)?(?:google\.[a-z.]+/amp|cdn\.ampproject\.org/[cv])/(?:s/)?(.+)$", re.IGNORECASE)
_TRACKING = re.compile(
    r"(?:utm_|mtm_|pk_|piwik_|matomo_|at_|hsa_|_hs|mc_|oly_|fb_|vero_|wt_|guce_|ga_|ns_|itm_|__twitter|__s$|_ga$).*"
    r"|(?:fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id|igshid|igsh|epik|s_kwcid"
    r"|ref|ref_src|ref_url|referer|referrer|source|campaign|cmp|cmpid|ocid|ncid|smid|xtor|spm|trk|trkinfo|mkt_tok"
    r"|guccounter|share|share_id|shared|sharetype|sfnsn|amp|amp_js_v|outputtype|utm|wtmc|wtrid|sc_cid|ito|sr_share"
    r"|link_source|via|rss)",
    re.IGNORECASE,
)
# On these, the shared address has letters that only say who shared it.
_SHARED = {
    "x.com": {"s", "t", "cxt"},
    "youtube.com": {"t", "si", "pp", "feature", "ab_channel", "list", "index"},
    "open.spotify.com": {"si"},
    "tiktok.com": {"_r", "_t"},
}
_ALIASES = {"twitter.com": "x.com", "mobile.twitter.com": "x.com", "youtube-nocookie.com": "youtube.com"}
_WRAPPERS = {
    "l.facebook.com": "u",
    "lm.facebook.com": "u",
    "l.instagram.com": "u",
    "google.com/url": "q",
    "youtube.com/redirect": "q",
    "out.reddit.com": "url",
    "steamcommunity.com/linkfilter": "u",
    "safelinks.protection.outlook.com": "url",
}


def links_in(text: str) -> list[str]:
    """The links written in a text. One that was cut off in showing it is left out."""
    found = [*_LINK.findall(text), *_BARE.findall(text)] if ("." in text and "/" in text) or "www." in text else []
    return [_stripped(link) for link in found if not _CUT.search(link)]


def without_links(text: str) -> str:
    """The text with a blank for every link."""
    if "/" not in text and "www." not in text:
        return text
    return _BARE.sub(" ", _LINK.sub(" ", text))


def shared(links: Iterable[str], ignored: Iterable[str] = ()) -> tuple[str, ...]:
    """The canonical links that join posts; none where there are more than a post on one thing has."""
    found = dict.fromkeys(link for raw in links if (link := canonical(raw)))
    wanted = tuple(link for link in found if not any(_below(link, entry) for entry in ignored))
    return wanted if len(wanted) <= MOST else ()


def canonical(link: str) -> str:
    """`example.org/page?id=7`; "" for what joins nothing: a site's root page, and what is no link."""
    return _canonical(link, 3)


def _canonical(link: str, unwraps: int) -> str:
    link = link.strip()
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        host = _host(parts.hostname or "", parts.port)
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or "." not in host:
        return ""
    wrapped = _unwrapped(host, parts.path, parts.query) if unwraps else ""
    if wrapped:
        return _canonical(wrapped, unwraps - 1)
    if host == "youtu.be" and len(parts.path) > 1:
        return f"youtube.com/watch?v={parts.path.strip('/')}"
    path, query = _path(parts.path), _query(host, parts.query)
    return f"{host}{path}{query}" if path or query else ""


def ignoring(entries: Iterable[str]) -> tuple[str, ...]:
    """The operator's `ignore_links` as `shared` wants them: hosts, or pages with all that lies below them."""
    return tuple(entry for raw in entries if (entry := canonical(raw) or _bare_host(raw)))


def _bare_host(entry: str) -> str:
    try:
        parts = urlsplit(entry if "://" in entry else f"https://{entry}")
        return _host(parts.hostname or "", parts.port)
    except ValueError:
        return ""


def _below(link: str, entry: str) -> bool:
    if "/" not in entry and "?" not in entry:
        host = re.split(r"[/?]", link, maxsplit=1)[0]
        return host == entry or host.endswith(f".{entry}")
    return link == entry or link.startswith((f"{entry}/", f"{entry}?"))


def _host(host: str, port: int | None) -> str:
    host = host.rstrip(".").lower()
    if not host.isascii():
        host = host.encode("idna").decode() if len(host) < 250 else ""
    host = _ALIASES.get(host, host)
    host = _PREFIX.sub("", host)
    host = _ALIASES.get(host, host)
    return f"{host}:{port}" if port not in (None, 80, 443) else host


def _unwrapped(host: str, path: str, query: str) -> str:
    if cached := _AMP_CACHE.match(f"{host}{path}"):
        return cached[1]
    name = _WRAPPERS.get(host) or _WRAPPERS.get(f"{host}{path.rstrip('/')}")
    if name is None and host.endswith(".safelinks.protection.outlook.com"):
        name = "url"
    if name is None:
        return ""
    return next((value for key, value in parse_qsl(query) if key == name and value.startswith("http")), "")


def _path(path: str) -> str:
    plain = quote(unquote(path), safe="/:@!$&'()*+,;=~-._") if "%" in path or not path.isascii() else path
    plain = re.sub(r"/{2,}", "/", plain).rstrip("/")
    plain = _AMP_PATH.sub("", _INDEX.sub("", plain))
    return plain.rstrip("/")


def _query(host: str, query: str) -> str:
    if not query:
        return ""
    own: set[str] = _SHARED.get(host, set())
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = sorted((key, value) for key, value in pairs if not _TRACKING.fullmatch(key) and key.lower() not in own)
    return f"?{urlencode(kept)}" if kept else ""


def _stripped(link: str) -> str:
    """The link without the punctuation of the sentence around it."""
    while link and (
        link[-1] in _TRAILING or (link[-1] in ")]}" and link.count(link[-1]) > link.count(_OPEN[link[-1]]))
    ):
        link = link[:-1]
    return link


_OPEN = {")": "(", "]": "[", "}": "{"}
