// Ticks the countdowns and writes times in this browser's zone.
"use strict";
const times = (() => {
  const words = document.body.dataset;
  const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const SOON = 300;
  const skew = Date.parse(words.now) - Date.now(); // countdowns follow the server's clock, not this screen's

  // The same words as view.span.
  function span(seconds, coarseFrom = 600) {
    let left = Math.floor(Math.abs(seconds));
    if (left >= coarseFrom) left -= left % 60;
    const parts = [];
    for (const [unit, size] of UNITS) {
      const count = Math.floor(left / size);
      left %= size;
      if (count || (unit === "s" && !parts.length)) parts.push(`${count} ${unit}`);
      else if (parts.length) break;
    }
    return parts.slice(0, 2).join(" ");
  }

  function tick(root) {
    const now = Date.now() + skew;
    for (const element of root.querySelectorAll("time[data-due]")) {
      const left = (Date.parse(element.dateTime) - now) / 1000;
      const said = (left >= 0 ? words.dueIn : words.overdue).replace("{}", span(left));
      if (element.textContent !== said) element.textContent = said;
      element.classList.toggle("missed", left < 0);
      element.classList.toggle("soon", left >= 0 && left < SOON);
    }
    for (const element of root.querySelectorAll("time[data-ago]")) {
      const said = words.ago.replace("{}", span((now - Date.parse(element.dateTime)) / 1000, 60));
      if (element.textContent !== said) element.textContent = said;
    }
  }

  const language = document.documentElement.lang;
  const locale = language === "en" ? "en-GB" : language;
  const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const DAY = { day: "numeric", month: "short", year: "numeric" };
  const timeOnly = new Intl.DateTimeFormat(locale, TIME);
  const dayAndTime = new Intl.DateTimeFormat(locale, { ...DAY, ...TIME });
  const withZone = new Intl.DateTimeFormat(locale, { weekday: "short", ...DAY, ...TIME, timeZoneName: "short" });

  // Every time says, pointed at, when it is here; those that are no countdown say so outright.
  function localTimes(root) {
    const today = new Date().toDateString();
    for (const element of root.querySelectorAll("time[title]:not([data-here])")) {
      const moment = new Date(element.dateTime);
      if (!element.title.endsWith(")")) element.title = `${withZone.format(moment)} (${element.title})`;
      if ("local" in element.dataset) {
        element.textContent = (moment.toDateString() === today ? timeOnly : dayAndTime).format(moment);
      }
      element.dataset.here = "";
    }
  }

  function zone() {
    const element = document.querySelector("[data-zone]");
    const short = withZone.formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
    const name = withZone.resolvedOptions().timeZone;
    if (element) element.textContent = element.dataset.zone.replace("{}", name === short ? name : `${name} (${short})`);
  }

  // Makes all times under `root` what they are here and now.
  function write(root) {
    localTimes(root);
    tick(root);
  }

  // On paper no time is today's.
  addEventListener("beforeprint", () => {
    for (const element of document.querySelectorAll("time[data-local]")) {
      element.textContent = dayAndTime.format(new Date(element.dateTime));
    }
    const foot = document.querySelector("[data-zone]");
    if (foot) foot.textContent += ` · ${withZone.format(new Date())}`;
  });
  addEventListener("afterprint", () => {
    for (const element of document.querySelectorAll("time[data-here]")) delete element.dataset.here;
    write(document);
    zone();
  });

  return { write, tick, zone };
})();
