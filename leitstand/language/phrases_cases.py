"""The sentences of cases and their deadlines, as `sentences` translates them: what timelines and reasons say."""

from leitstand.language.phrases import CLOCK, CLOCKS, Phrase, phrase
from leitstand.language.words import N_

_BY = r"(?P<who>[^:]+?)(?P<words>: .+?)?" + CLOCKS

CASES: list[Phrase] = [
    phrase(r"urgency (?P<level>\w+)", N_("urgency %(level)s")),
    phrase(r"urgency (?P<level>\w+): (?P<cues>.+)", N_("urgency %(level)s: %(cues)s")),
    phrase(
        r"severity (?P<severity>sev\d): impact (?P<impact>\w+) × urgency (?P<level>\w+)",
        N_("%(severity)s: impact %(impact)s × urgency %(level)s"),
    ),
    phrase(
        r"severity (?P<severity>sev\d): impact (?P<impact>\w+) \((?P<lift>[^)]+)\) × urgency (?P<level>\w+)",
        N_("%(severity)s: impact %(impact)s (%(lift)s) × urgency %(level)s"),
    ),
    phrase(r"severity (?P<severity>sev\d)", N_("severity %(severity)s")),
    phrase(r"the author is a VIP", N_("the author is a VIP")),
    phrase(r"the author has (?P<count>[\d,]+) followers", N_("the author has %(count)s followers")),
    phrase(r"rule “(?P<words>.*)”: (?P<effects>.+)", N_("rule “%(words)s”: %(effects)s")),
    phrase(r"rule “(?P<words>.*)”", N_("rule “%(words)s”")),
    phrase(r"opens a case", N_("opens a case")),
    phrase(r"held for a person", N_("held for a person")),
    phrase(
        r"waits for a person before anybody is told: (?P<why>.+)",
        N_("waits for a person before anybody is told: %(why)s"),
    ),
    phrase(r"waits for a person: (?P<why>.+)", N_("waits for a person: %(why)s")),
    phrase(r"the assessment is (?P<share>\d+)% sure", N_("the assessment is %(share)s %% sure")),
    phrase(r"a post would make it (?P<severity>sev\d): (?P<why>.+)", N_("a post would make it %(severity)s: %(why)s")),
    phrase(r"nothing else", N_("nothing else")),
    phrase(r"SLA (?P<words>[^:]+): (?P<granted>.+)", N_("SLA %(words)s: %(granted)s")),
    phrase(rf"(?P<clock>{CLOCK}) in (?P<span>\w+)", N_("%(clock)s within %(span)s")),
    phrase(r"in the hours of (?P<words>\S+)", N_("in the hours of %(words)s")),
    phrase(r"no deadlines", N_("no deadlines")),
    phrase(
        r"the conversation had a case before: (?P<number>\d+)", N_("the conversation had a case before: %(number)s")
    ),
    phrase(
        r"opened as (?P<severity>sev\d) from a (?P<kind>\w+) on (?P<channel>\S+), (?P<span>\w+) after it was written",
        N_("opened as %(severity)s from a %(kind)s on %(channel)s, %(span)s after it was written"),
    ),
    phrase(
        r"severity raised from (?P<before>sev\d) to (?P<after>sev\d) \((?P<why>.*)\)",
        N_("severity raised from %(before)s to %(after)s (%(why)s)"),
    ),
    phrase(r"one more (?P<kind>\w+) joined: (?P<by>.+)", N_("one more %(kind)s joined: %(by)s")),
    phrase(r"the author has edited a post of this case", N_("the author has edited a post of this case")),
    phrase(r"a post of this case was deleted", N_("a post of this case was deleted")),
    phrase(r"the same conversation", N_("the same conversation")),
    phrase(r"the same author and watchlist", N_("the same author and watchlist")),
    phrase(r"the same story", N_("the same story")),
    phrase(r"(?P<count>[\d,]+) posts tell the story", N_("%(count)s posts tell the story")),
    phrase(r"reopened: the conversation goes on", N_("reopened: the conversation goes on")),
    phrase(
        r"merged into case (?P<number>\d+) by leitstand: they tell one story",
        N_("merged into case %(number)s: they tell one story"),
    ),
    phrase(
        r"case (?P<number>\d+) was merged into this one by leitstand: they tell one story",
        N_("case %(number)s was merged into this one: they tell one story"),
    ),
    phrase(rf"merged into case (?P<number>\d+) by {_BY}", N_("merged into case %(number)s by %(who)s%(words)s")),
    phrase(
        rf"case (?P<number>\d+) was merged into this one by {_BY}",
        N_("case %(number)s was merged into this one by %(who)s%(words)s"),
    ),
    phrase(
        rf"(?P<count>\d+) of its posts became case (?P<number>\d+), by {_BY}",
        N_("%(count)s of its posts became case %(number)s, by %(who)s%(words)s"),
    ),
    phrase(rf"split off case (?P<number>\d+) by {_BY}", N_("split off case %(number)s by %(who)s%(words)s")),
    phrase(r"case (?P<number>\d+) was (?P<severity>sev\d)", N_("case %(number)s was %(severity)s")),
    phrase(r"the author has written again: the clocks run on", N_("the author has written again: the clocks run on")),
    phrase(r"the clocks run on", N_("the clocks run on")),
    phrase(
        r"answered by (?P<who>\S+|an own account) on (?P<channel>\S+?): first response (?P<how>.+)",
        N_("answered by %(who)s on %(channel)s: first response %(how)s"),
    ),
    phrase(r"answered by (?P<who>\S+|an own account) on (?P<channel>\S+)", N_("answered by %(who)s on %(channel)s")),
    phrase(r"an own account", N_("an own account")),
    phrase(
        r"a (?P<kind>\w+) in the conversation is ignored: (?P<why>.+)",
        N_("a %(kind)s in the conversation is ignored: %(why)s"),
    ),
    phrase(
        r"no watchlist that it matched wants the language (?P<language>\w+)",
        N_("no watchlist that it matched wants the language %(language)s"),
    ),
    phrase(r"met after (?P<span>\w+)", N_("met after %(span)s")),
    phrase(r"missed: (?P<span>\w+) late", N_("missed, %(span)s late")),
    phrase(rf"(?P<clock>{CLOCK}) (?P<how>(?:met|missed).+)", N_("%(clock)s %(how)s")),
    phrase(r"the escalation is acknowledged by (?P<words>.+)", N_("the escalation is acknowledged by %(words)s")),
    phrase(rf"acknowledged by {_BY}", N_("acknowledged by %(who)s%(words)s%(clocks)s")),
    phrase(rf"answered by {_BY}", N_("answered by %(who)s%(words)s%(clocks)s")),
    phrase(rf"resolved by {_BY}", N_("resolved by %(who)s%(words)s%(clocks)s")),
    phrase(rf"closed by {_BY}", N_("closed by %(who)s%(words)s%(clocks)s")),
    phrase(rf"reopened by {_BY}", N_("reopened by %(who)s%(words)s%(clocks)s")),
    phrase(r"assigned to nobody", N_("assigned to nobody")),
    phrase(r"assigned to (?P<words>.+)", N_("assigned to %(words)s")),
    phrase(r"label (?P<words>.+) added", N_("label %(words)s added")),
    phrase(r"label (?P<words>.+) removed", N_("label %(words)s removed")),
    phrase(r"waiting; the clocks stand still", N_("waiting; the clocks stand still")),
    phrase(r"waiting for a department; the clocks stand still", N_("waiting for a department; the clocks stand still")),
    phrase(
        r"waiting for a department: (?P<words>.+); the clocks stand still",
        N_("waiting for a department: %(words)s; the clocks stand still"),
    ),
    phrase(r"on hold; the clocks stand still", N_("on hold; the clocks stand still")),
    phrase(r"on hold: (?P<words>.+); the clocks stand still", N_("on hold: %(words)s; the clocks stand still")),
    phrase(rf"accepted by {_BY}", N_("accepted by %(who)s%(words)s%(clocks)s")),
    phrase(rf"handed back by {_BY}", N_("handed back by %(who)s%(words)s")),
    phrase(rf"approved by {_BY}", N_("approved by %(who)s%(words)s%(clocks)s")),
    phrase(r"waiting: (?P<words>.+); the clocks stand still", N_("waiting: %(words)s; the clocks stand still")),
    phrase(
        r"escalated from (?P<before>sev\d) to (?P<after>sev\d) by (?P<words>.+)",
        N_("escalated from %(before)s to %(after)s by %(words)s"),
    ),
    phrase(r"escalated by (?P<who>.+) with (?P<words>.+)", N_("escalated by %(who)s with %(words)s")),
    phrase(r"forwarded to (?P<target>\S+) by (?P<words>.+)", N_("forwarded to %(target)s by %(words)s")),
    phrase(r"shared with (?P<target>\S+) by (?P<words>.+)", N_("shared with %(target)s by %(words)s")),
    phrase(
        rf"(?P<clock>{CLOCK}) overdue by (?P<span>\w+) \((?P<due>[^)]+)\)",
        N_("%(clock)s overdue by %(span)s (%(due)s)"),
    ),
    phrase(
        rf"(?P<clock>{CLOCK}) still overdue, by (?P<span>\w+) \((?P<due>[^)]+)\)",
        N_("%(clock)s still overdue, by %(span)s (%(due)s)"),
    ),
    phrase(
        r"(?P<sentence>.+); it was past due when the post was seen",
        N_("%(sentence)s; it was past due when the post was seen"),
    ),
    phrase(
        rf"(?P<clock>{CLOCK}): (?P<share>\d+)% of the time is used, (?P<span>\w+) left \((?P<due>[^)]+)\)",
        N_("%(clock)s: %(share)s %% of the time is used, %(span)s left (%(due)s)"),
    ),
    phrase(
        r"due (?P<at>[\d-]+ [\d:]+ UTC), (?P<span>\w+) by SLA (?P<words>.+)",
        N_("due %(at)s, %(span)s by SLA %(words)s"),
    ),
    phrase(
        r"escalation (?P<policy>\S+) started: (?P<why>.+)",
        N_("escalation %(policy)s started: %(why)s"),
    ),
    phrase(r"escalation (?P<policy>\S+) stopped: (?P<why>.+)", N_("escalation %(policy)s stopped: %(why)s")),
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>\S+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r": telling (?P<words>.+)",
        N_("escalation %(policy)s, step %(step)s: telling %(words)s"),
    ),
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>\S+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r" failed: no target or team is named (?P<words>.+); on to the next at once",
        N_("escalation %(policy)s, step %(step)s failed: no target or team is named %(words)s; on to the next at once"),
    ),
    phrase(
        r"escalation (?P<policy>\S+): all steps are taken and nobody has (?P<event>\w+) the case",
        N_("escalation %(policy)s: all steps are taken and the case is not %(event)s"),
    ),
    phrase(r"the case is (?P<severity>sev\d)", N_("the case is %(severity)s")),
    phrase(r"the case is acknowledged", N_("the case is acknowledged")),
    phrase(r"the case is resolved", N_("the case is resolved")),
    phrase(r"the case has become more severe", N_("the case has become more severe")),
    phrase(
        r"(?P<gone>the post was deleted|the author is blocked): nobody waits for an answer any more",
        N_("%(gone)s: nobody waits for an answer any more"),
    ),
    phrase(r"rated (?P<score>\d) of 5 by the author", N_("rated %(score)s of 5 by the author")),
    phrase(r"the post was deleted", N_("the post was deleted")),
    phrase(r"the author is blocked", N_("the author is blocked")),
    phrase(r"new deadlines: none moves", N_("new deadlines: none moves")),
    phrase(r"new deadlines: (?P<words>.+)", N_("new deadlines: %(words)s")),
    phrase(r"(?P<sentence>.+); seen (?P<span>\w+) later", N_("%(sentence)s; seen %(span)s later")),
    phrase(r"(?P<sentence>.+), due (?P<at>[\d :-]+)", N_("%(sentence)s, due %(at)s")),
    phrase(r"(?P<sentence>.+), and (?P<count>\d+) more", N_("%(sentence)s, and %(count)s more")),
    phrase(
        r"(?P<sentence>.+), (?P<hours>\S+) until (?P<until>[\d :-]+), goes on (?P<on>[\d :-]+)",
        N_("%(sentence)s, %(hours)s until %(until)s, goes on %(on)s"),
    ),
    phrase(r"(?P<sentence>.+), (?P<hours>\S+) opens (?P<at>[\d :-]+)", N_("%(sentence)s, %(hours)s opens %(at)s")),
    phrase(r"(?P<sentence>.+) and (?P<span>\w+) of pauses", N_("%(sentence)s and %(span)s of pauses")),
    phrase(r"(?P<span>\w+) from (?P<at>[\d :-]+) (?P<zone>[\w -]+)", N_("%(span)s from %(at)s %(zone)s")),
    phrase(rf"the (?P<clock>{CLOCK}) is overdue", N_("%(clock)s is overdue")),
    phrase(r"started by (?P<words>.+)", N_("started by %(words)s")),
    phrase(r"acknowledged", N_("acknowledged")),
    phrase(r"there is no case (?P<number>\d+)", N_("There is no case %(number)s.")),
    phrase(
        r"case (?P<number>\d+) is (?P<state>\w+); this needs a case that is .+",
        N_("Case %(number)s is %(state)s: this can no longer be done."),
    ),
    phrase(r"(?:text: )?the note is missing", N_("Write the note first.")),
]
