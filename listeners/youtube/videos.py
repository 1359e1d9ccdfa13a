"""Videos that a search finds. YouTube allows a hundred searches a day, counted apart."""

from dataclasses import dataclass

from leitstand import clock
from listeners.answers import each
from listeners.contract import Batch
from listeners.memory import as_cursor, recall
from listeners.recent import Recent
from listeners.youtube.api import Api
from listeners.youtube.posts import Page, Video, of_video
from listeners.youtube.quota import Quota, day_of
from listeners.youtube.threads import Memory

REMEMBERED = 1_000
MOST = 50


@dataclass(slots=True)
class Videos:
    """What one search finds, as a part of a round. The newest fifty are read each time."""

    name: str
    query: str
    api: Api
    quota: Quota
    interval: float
    parts: int
    cursor: str = ""
    every: float = 0.0

    async def look(self) -> Batch:
        """Videos not heard before. Raises FetchError."""
        memory = recall(self.cursor, Memory)
        seen = Recent.from_text(memory.seen, REMEMBERED)
        asked = {"q": self.query, "type": "video", "order": "date", "part": "snippet", "maxResults": str(MOST)}
        page = await self.api.get("search", Page, asked, part=self.name, quota=self.quota)
        now = clock.now()
        videos = sorted(each(page.items, Video), key=lambda video: video.snippet.published_at)
        new = [of_video(video, now) for video in videos if seen.add(video.id.video_id)]
        lost = "fifty new videos at once: there may have been more" if memory.seen and len(new) == MOST else ""
        self.every = max(self.interval, self.quota.pause(self.parts, now))
        self.cursor = as_cursor(Memory(seen.text(), day=day_of(now), used=self.quota.used.get(self.name, 0)))
        return Batch(tuple(new), self.cursor, lost=lost, budget=self.quota.told(now))
