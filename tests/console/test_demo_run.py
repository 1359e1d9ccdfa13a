"""What the demo tells of its day is so: who was paged, what an incident holds, and each notice on a line of its own."""

import io

from rich.console import Console

from console.demo_run import show, summary
from console.receiver import Received


def notice(kind: str, number: int, *, again: bool = False, reason: str = "the case is sev1") -> Received:
    case = {"number": number, "severity": "sev1", "channel": "x"}
    return Received("/sev1", f"msg_{kind}_{number}", {"type": kind, "data": {"case": case, "reason": reason}}, again)


def case(number: int, severity: str, incident: int | None = None) -> dict[str, object]:
    return {"number": number, "severity": severity, "incident": incident}


def test_a_case_that_an_incident_holds_is_not_called_untold() -> None:
    cases = [case(1, "sev1"), case(2, "sev1", 1), case(3, "sev3", 1), case(4, "sev1", 1)]
    told = [
        notice("case.escalated", 1),
        notice("case.escalated", 4),
        notice("incident.opened", 3),
        notice("incident.grown", 3),
    ]
    assert summary(cases, told) == (
        "4 cases: 3 sev1, 1 sev3. The Sev1 group was told of 2 cases and 1 incident, "
        "holding the pages of 1 Sev1 case more; each notice signed and delivered once."
    )


def test_a_notice_that_came_twice_is_admitted() -> None:
    told = [notice("case.escalated", 1), notice("case.escalated", 1, again=True)]
    assert summary([case(1, "sev1")], told) == (
        "1 case: 1 sev1. The Sev1 group was told of 1 case; 1 notice came twice."
    )


def test_a_notice_is_written_in_one_piece_whatever_it_says() -> None:
    class Pieces(io.StringIO):
        pieces: list[str]

        def write(self, said: str, /) -> int:
            self.pieces.append(said)
            return len(said)

    screen = Pieces()
    screen.pieces = []
    show(notice("case.escalated", 7, reason="rule “[bold]” [/x]"), Console(file=screen, width=200))
    assert "".join(screen.pieces) == "sev1 ← case.escalated, case 7 (sev1, x): rule “[bold]” [/x]\n"
    assert len([piece for piece in screen.pieces if piece.strip()]) == 1
