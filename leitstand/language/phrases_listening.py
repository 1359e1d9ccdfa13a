"""What is wrong with listeners and targets, as `sentences` translates it. What services say themselves stays."""

from leitstand.language.phrases import Phrase, phrase
from leitstand.language.words import N_

LISTENING: list[Phrase] = [
    phrase(r"it was stopped", N_("it was stopped")),
    phrase(r"its process on (?P<words>\S+) ended", N_("its process on %(words)s ended")),
    phrase(r"(?P<words>\S+) no longer answered", N_("%(words)s no longer answered")),
    phrase(r"(?P<words>\S+) cannot be reached: (?P<why>.+)", N_("%(words)s cannot be reached: %(why)s")),
    phrase(r"(?P<words>\S+) cannot be heard: (?P<why>.+)", N_("%(words)s cannot be heard: %(why)s")),
    phrase(r"(?P<words>\S+) has ended the connection", N_("%(words)s has ended the connection")),
    phrase(r"(?P<words>\S+) closed the (?:connection|stream)", N_("%(words)s closed the connection")),
    phrase(r"(?P<words>\S+) closed the connection \((?P<why>.+)\)", N_("%(words)s closed the connection (%(why)s)")),
    phrase(r"(?P<words>\S+) does not answer", N_("%(words)s does not answer")),
    phrase(r"it does not answer", N_("it does not answer")),
    phrase(r"its name is not known", N_("its name is not known")),
    phrase(r"no name server answers", N_("no name server answers")),
    phrase(r"the connection is refused", N_("the connection is refused")),
    phrase(r"its certificate is not valid", N_("its certificate is not valid")),
    phrase(r"its certificate is not valid: (?P<why>.+)", N_("its certificate is not valid: %(why)s")),
    phrase(r"no TLS comes about", N_("no TLS comes about")),
    phrase(r"no TLS comes about: (?P<why>.+)", N_("no TLS comes about: %(why)s")),
    phrase(r"there is no way to it from here", N_("there is no way to it from here")),
    phrase(
        r"(?P<words>\S+) is at (?P<target>\S+), which is not a public address(?:; `(?P<name>[^`]+)` allows it)?",
        N_("%(words)s is at %(target)s, which is not a public address: allow_private = true would allow it"),
    ),
    phrase(r"it breaks the connection off", N_("it breaks the connection off")),
    phrase(
        r"(?P<words>\S+) did not finish its answer within (?P<count>[\d.]+) seconds",
        N_("%(words)s did not finish its answer within %(count)s seconds"),
    ),
    phrase(
        r"(?P<words>\S+) did not come to an end within (?P<count>[\d.]+) seconds",
        N_("%(words)s did not come to an end within %(count)s seconds"),
    ),
    phrase(r"(?P<words>\S+) answers without end", N_("%(words)s answers without end")),
    phrase(
        r"(?P<words>\S+) sent no whole line for (?P<count>[\d.]+) seconds: connecting anew",
        N_("%(words)s sent no whole line for %(count)s seconds: connecting anew"),
    ),
    phrase(
        r"(?P<words>\S+) was silent for (?P<count>[\d.]+) seconds: connecting anew",
        N_("%(words)s was silent for %(count)s seconds: connecting anew"),
    ),
    phrase(
        r"nothing was heard for (?P<count>[\d.]+) seconds: connecting anew",
        N_("nothing was heard for %(count)s seconds: connecting anew"),
    ),
    phrase(
        r"far fewer (?:posts|events) than usual \(about (?P<count>[\d.,]+) a minute\): connecting anew",
        N_("far fewer posts than usual (about %(count)s a minute): connecting anew"),
    ),
    phrase(
        r"the credits at X are used up: buy some at console\.x\.com",
        N_("the credits at X are used up: buy some at console.x.com"),
    ),
    phrase(r"(?P<words>.+) asks us to slow down(?: \(HTTP 429\))?", N_("%(words)s asks us to slow down")),
    phrase(r"(?P<words>\S+) has asked to be left alone", N_("%(words)s has asked to be left alone")),
    phrase(r"(?P<words>.+) does not take our token any more", N_("%(words)s does not take our token any more")),
    phrase(r"(?P<words>\S+) does not take this token", N_("%(words)s does not take this token")),
    phrase(
        r"(?P<words>\S+) does not issue a token to this client_id",
        N_("%(words)s does not issue a token to this client_id"),
    ),
    phrase(
        r"(?P<words>\S+) does not let this app into the mailbox",
        N_("%(words)s does not let this app into the mailbox"),
    ),
    phrase(
        r"(?P<words>\S+) does not take this username and password",
        N_("%(words)s does not take this username and password"),
    ),
    phrase(
        r"(?P<words>\S+) does not take this access_token any more: make a new one",
        N_("%(words)s does not take this access_token any more: make a new one"),
    ),
    phrase(
        r"this access_token lacks a permission, see the source's guide",
        N_("this access_token lacks a permission, see the source's guide"),
    ),
    phrase(
        r"(?P<words>\S+) does not show us (?P<name>.+) \(HTTP (?P<status>\d+)\)",
        N_("%(words)s does not show us %(name)s (HTTP %(status)s)"),
    ),
    phrase(r"the AppView does not show us posts", N_("the AppView does not show us posts")),
    phrase(
        r"it is not there, or not shown to us \(code (?P<code>\d+), HTTP (?P<status>\d+)\)",
        N_("it is not there, or not shown to us (code %(code)s, HTTP %(status)s)"),
    ),
    phrase(r"(?P<words>\S+) answers (?P<status>\d{3})(?: \S.*)?", N_("%(words)s answers with HTTP %(status)s")),
    phrase(r"HTTP (?P<status>\d{3})", N_("answered with HTTP %(status)s")),
    phrase(
        r"(?P<words>\S+) cannot answer at the moment \(HTTP (?P<status>\d+)\)",
        N_("%(words)s cannot answer at the moment (HTTP %(status)s)"),
    ),
    phrase(
        r"(?P<words>\S+) has a certificate that is not valid: (?P<why>.+)",
        N_("%(words)s has a certificate that is not valid: %(why)s"),
    ),
    phrase(
        r"(?P<words>\S+) redirects more than (?P<count>\d+) times", N_("%(words)s redirects more than %(count)s times")
    ),
    phrase(
        r"(?P<words>\S+) answers more than (?:can be taken|[\d,]+ bytes)",
        N_("%(words)s answers more than can be taken"),
    ),
    phrase(
        r"(?P<words>\S+) answers what cannot be read: (?P<why>.+)", N_("%(words)s answers what cannot be read: %(why)s")
    ),
    phrase(
        r"(?P<count>\d+) of (?P<all>\d+) feeds cannot be heard: (?P<words>.+)",
        N_("%(count)s of %(all)s feeds cannot be heard: %(words)s"),
    ),
    phrase(r"this is a web page, and it names no feed", N_("this is a web page, and it names no feed")),
    phrase(
        r"reading it takes longer than (?P<count>[\d.]+) seconds", N_("reading it takes longer than %(count)s seconds")
    ),
    phrase(
        r"reading it needs more memory than it may have, or breaks the parser",
        N_("reading it needs more memory than it may have, or breaks the parser"),
    ),
    phrase(r"the answer is empty", N_("the answer is empty")),
    phrase(r"the answer is not what it should be: (?P<words>.+)", N_("the answer is not what it should be: %(words)s")),
    phrase(
        r"the day's budget is used up: nothing is read before midnight UTC",
        N_("the day's budget is used up: nothing is read before midnight UTC"),
    ),
    phrase(
        r"the day's budget is nearly used up: only own mentions are read before midnight UTC",
        N_("the day's budget is nearly used up: only own mentions are read before midnight UTC"),
    ),
    phrase(
        r"the day's budget gets short: what was missed is not fetched before midnight UTC",
        N_("the day's budget gets short: what was missed is not fetched before midnight UTC"),
    ),
    phrase(
        r"the day's budget gets short: posts of open cases are not looked up again before midnight UTC",
        N_("the day's budget gets short: posts of open cases are not looked up again before midnight UTC"),
    ),
    phrase(
        r"its share of the day's budget is used up: it is not listened for before midnight UTC",
        N_("its share of the day's budget is used up: it is not listened for before midnight UTC"),
    ),
    phrase(
        r"its share of the day's budget was used up; what was said meanwhile is not fetched",
        N_("its share of the day's budget was used up; what was said meanwhile is not fetched"),
    ),
    phrase(
        r"every watchlist has used up its share of the day's budget",
        N_("every watchlist has used up its share of the day's budget"),
    ),
    phrase(
        r"the day's quota is used up; it goes on at (?P<at>[\d:]+ UTC)",
        N_("the day's quota is used up; it goes on at %(at)s"),
    ),
    phrase(r"the hour's quota of this app is used up", N_("the hour's quota of this app is used up")),
    phrase(r"internal error: (?P<words>\w+)", N_("an error of Leitstand itself (%(words)s): the log says more")),
    phrase(r"more was found than can be shown", N_("more was found than can be shown")),
    phrase(
        r"more new posts than the forum lists: some may have been missed",
        N_("more new posts than the forum lists: some may have been missed"),
    ),
    phrase(r"more than (?P<count>[\d,]+) (?:posts|mentions) were missed", N_("more than %(count)s posts were missed")),
    phrase(r"no answer in time", N_("no answer in time")),
    phrase(r"not delivered within (?P<span>\w+): (?P<why>.+)", N_("not delivered within %(span)s: %(why)s")),
    phrase(r"not delivered within (?P<span>\w+)", N_("not delivered within %(span)s")),
    phrase(r"HTTP (?P<status>\d+), but a page to log in at", N_("HTTP %(status)s, but a page to log in at")),
    phrase(
        r"the hub does not take our subscription \(HTTP (?P<status>\d+)\)",
        N_("the hub does not take our subscription (HTTP %(status)s)"),
    ),
]
