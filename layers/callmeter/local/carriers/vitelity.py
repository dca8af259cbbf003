"""Vitelity's api.php: getcdr with both days as MM-DD-YYYY, text wrapped in [[ … [[, one word for errors.

freeside/Freeside:FS/bin/freeside-vitelity-cdrimport; Bloby/laravel-vitelity:src/Core.php.
"""

from datetime import datetime

from callmeter.local.carriers.service import Answer, Request, Standin


class VitelityStandin(Standin):
    """One account. A call is {"line": its record, "day": YYYY-MM-DD}. inclusive: whether enddate itself counts."""

    def __init__(self, login: str, password: str, *, inclusive: bool = False) -> None:
        super().__init__()
        self._known = (login, password)
        self._inclusive = inclusive

    def work(self, request: Request) -> Answer:
        asked = request.form if request.method == "POST" else dict(request.query)
        return Answer(200, f"x[[{self._said(request.path, asked)}[[x".encode(), {"Content-Type": "text/html"})

    def _said(self, path: str, asked: dict[str, str]) -> str:
        if path != "/api.php" or asked.get("cmd") != "getcdr":
            return "invalid"
        if (asked.get("login"), asked.get("pass")) != self._known:
            return "invalidauth"
        if not asked.get("startdate") or not asked.get("enddate"):
            return "missingdata"
        try:
            days = [f"{datetime.strptime(asked[name], '%m-%d-%Y'):%Y-%m-%d}" for name in ("startdate", "enddate")]  # noqa: DTZ007 -- a day
        except ValueError:
            return "invalid"
        within = [call for call in self.calls if days[0] <= call["day"] <= days[1]]
        lines = [str(call["line"]) for call in within if self._inclusive or call["day"] < days[1]]
        return "\n".join(lines) or "none"
