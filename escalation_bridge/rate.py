"""A token bucket: at most so many a second, with one second's worth at once. Times are a monotonic clock's seconds."""


class Bucket:
    """Tokens for one target."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._capacity = rate, max(1.0, rate)
        self._tokens, self._at = self._capacity, now

    def take(self, wanted: int, now: float) -> int:
        """Take up to `wanted` tokens and return how many there were."""
        self._tokens = min(self._capacity, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        taken = min(wanted, int(self._tokens))
        self._tokens -= taken
        return taken

    def put_back(self, unused: int) -> None:
        """Give back tokens that were taken and not used."""
        self._tokens = min(self._capacity, self._tokens + unused)

    def wait(self) -> float:
        """Seconds from the last `take` until a token is there."""
        return max(0.0, 1.0 - self._tokens) / self._rate
