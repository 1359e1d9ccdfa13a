// Ticks the countdowns, writes times in this browser's zone, and refreshes what is shown when the server says it changed.
"use strict";
(() => {
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

  function tick() {
    const now = Date.now() + skew;
    for (const element of document.querySelectorAll("time[data-due]")) {
      const left = (Date.parse(element.dateTime) - now) / 1000;
      const said = (left >= 0 ? words.dueIn : words.overdue).replace("{}", span(left));
      if (element.textContent !== said) element.textContent = said;
      element.classList.toggle("missed", left < 0);
      element.classList.toggle("soon", left >= 0 && left < SOON);
    }
    for (const element of document.querySelectorAll("time[data-ago]")) {
      const said = words.ago.replace("{}", span((now - Date.parse(element.dateTime)) / 1000, 60));
      if (element.textContent !== said) element.textContent = said;
    }
  }

  function localTimes() {
    const language = document.documentElement.lang;
    const locale = language === "en" ? "en-GB" : language;
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    const today = new Intl.DateTimeFormat(locale, time);
    const full = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", ...time });
    const now = new Date().toDateString();
    for (const element of document.querySelectorAll("time[data-local]")) {
      const moment = new Date(element.dateTime);
      element.textContent = (moment.toDateString() === now ? today : full).format(moment);
      delete element.dataset.local;
    }
  }

  let known = null;
  function shown() {
    localTimes();
    tick();
    const cases = [...document.querySelectorAll("[data-case]")];
    if (known) {
      const fresh = cases.filter((element) => !known.has(element.dataset.case));
      for (const element of fresh) element.classList.add("fresh");
      const worst = fresh.filter((element) => element.dataset.severity === "sev1");
      const speaker = document.getElementById("speaker");
      if (worst.length && speaker) speaker.textContent = worst.map((element) => element.dataset.said).join(". ");
    }
    if (cases.length || known) known = new Set([...(known || []), ...cases.map((element) => element.dataset.case)]);
  }

  // Whether somebody is at work in a form: what they typed, ticked or chose must not be taken from under their hands.
  function busy(field) {
    if (field === document.activeElement) return true;
    if (field.tagName === "TEXTAREA") return field.value !== "";
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(first, 0);
    }
    return field.value !== field.defaultValue;
  }

  let due = false;
  let last = 0;
  let unfolded = [];
  function refresh() {
    const target = document.querySelector("[data-refresh]");
    if (!target || due) return;
    due = true;
    setTimeout(() => {
      due = false;
      last = Date.now();
      if ([...target.querySelectorAll("textarea, select, input:not([type=hidden], [readonly])")].some(busy)) {
        setTimeout(refresh, 5000);
        return;
      }
      unfolded = [...target.querySelectorAll("details[open][id]")].map((element) => element.id);
      const whole = target.dataset.select; // cut out of a whole page, where there is no part of its own
      htmx.ajax("GET", target.dataset.refresh, whole ? { target, swap: "outerHTML", select: whole } : { target, swap: "innerHTML" });
    }, Math.max(0, 1000 - (Date.now() - last)));
  }

  function unfold() {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    unfolded = [];
  }

  function connection(live) {
    const state = document.getElementById("connection");
    if (!state) return;
    state.className = live ? "state live" : "state lost";
    state.querySelector(".said-live").textContent = live ? words.live : words.lost;
  }

  function listen() {
    const stream = new EventSource("/live");
    stream.addEventListener("ready", () => { connection(true); refresh(); });
    stream.addEventListener("changed", refresh);
    stream.addEventListener("error", () => {
      connection(false);
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000); // refused: the browser would not try again
    });
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-at-once]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const draft = event.target.closest("button[data-draft]");
    const note = document.getElementById("text");
    if (!draft || !note) return;
    note.value = draft.closest("article").querySelector(".words").textContent;
    note.focus();
  });
  document.addEventListener("htmx:afterSwap", () => { unfold(); shown(); });
  // An error's answer is a page part like any other, and says what to do.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) {
      event.detail.shouldSwap = true;
    }
  });
  const field = document.getElementById("token");
  if (field && location.hash.startsWith("#token=")) { // a link that signs in: what follows # never leaves the browser
    field.value = decodeURIComponent(location.hash.slice("#token=".length));
    history.replaceState(null, "", location.pathname + location.search);
  }
  shown();
  setInterval(tick, 1000);
  const page = document.querySelector("[data-refresh]");
  if (page?.dataset.every) setInterval(refresh, page.dataset.every * 1000);
  if (page) listen();
})();
