"""YouTube's resources → Mention."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from leitstand.model import Author, Mention
from listeners.plaintext import clean, from_html

CHANNEL: Final = "youtube"
SITE: Final = "https://www.youtube.com"


Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ChannelId(msgspec.Struct):
    value: str = ""


class CommentSnippet(msgspec.Struct, rename="camel"):
    published_at: Moment
    text_display: str = ""
    author_display_name: str = ""
    author_channel_id: ChannelId | None = None
    updated_at: Moment | None = None
    parent_id: str = ""
    video_id: str = ""
    channel_id: str = ""


class Comment(msgspec.Struct):
    """A comment or a reply to one."""

    id: str
    snippet: CommentSnippet

    @property
    def edited(self) -> bool:
        return self.snippet.updated_at is not None and self.snippet.updated_at != self.snippet.published_at

    @property
    def version(self) -> str:
        """Its id with the time of its last edit."""
        updated = self.snippet.updated_at or self.snippet.published_at
        return f"{self.id}@{int(updated.timestamp())}"


class ThreadSnippet(msgspec.Struct, rename="camel"):
    top_level_comment: Comment
    total_reply_count: int = 0
    video_id: str = ""
    channel_id: str = ""


class Replies(msgspec.Struct):
    comments: list[msgspec.Raw] = []


class Thread(msgspec.Struct):
    """A comment with some of its replies."""

    id: str
    snippet: ThreadSnippet
    replies: Replies | None = None


class VideoId(msgspec.Struct, rename="camel"):
    video_id: str


class VideoSnippet(msgspec.Struct, rename="camel"):
    published_at: Moment
    title: str = ""
    description: str = ""
    channel_id: str = ""
    channel_title: str = ""


class Video(msgspec.Struct):
    """A video as a search finds it."""

    id: VideoId
    snippet: VideoSnippet


class Page(msgspec.Struct, rename="camel"):
    """A page of anything."""

    items: list[msgspec.Raw] = []
    next_page_token: str = ""


def of_comment(comment: Comment, thread: str, video: str, channel: str, now: datetime) -> Mention:
    """The mention that a comment is: its conversation is the thread, not all that is said under a video."""
    snippet = comment.snippet
    video, channel = snippet.video_id or video, snippet.channel_id or channel
    place = f"{SITE}/watch?v={video}&lc={comment.id}" if video else f"{SITE}/channel/{channel}"
    author = Author(
        snippet.author_channel_id.value if snippet.author_channel_id else "",
        snippet.author_display_name,
        snippet.author_display_name,
    )
    return Mention(
        CHANNEL,
        comment.id,
        clean(snippet.text_display) or "(no text)",
        min(snippet.published_at, now),
        now,
        url=place,
        kind="comment",
        author=author,
        edited_at=min(snippet.updated_at, now) if comment.edited and snippet.updated_at else None,
        parent_id=thread if thread != comment.id else "",
        conversation_id=thread,
    )


def of_video(video: Video, now: datetime) -> Mention:
    """The mention that a video is."""
    snippet = video.snippet
    text, title = from_html(snippet.description).text, from_html(snippet.title).text
    return Mention(
        CHANNEL,
        video.id.video_id,
        text or title or "(no text)",
        min(snippet.published_at, now),
        now,
        url=f"{SITE}/watch?v={video.id.video_id}",
        title=title if text else "",
        kind="post",
        author=Author(snippet.channel_id, snippet.channel_title, snippet.channel_title),
        conversation_id=video.id.video_id,
        media=1,
    )
