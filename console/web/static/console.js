// Brings what is shown up to date when the server says that it changed, and takes what a form's answer says.
"use strict";
(() => {
  const words = document.body.dataset;
  let known = null;
  function shown() {
    times.write(document);
    const cases = [...document.querySelectorAll("[data-case]")];
    if (known) {
      const fresh = cases.filter((element) => !known.has(element.dataset.case));
      for (const element of fresh) element.classList.add("fresh");
      say(fresh.filter((element) => element.dataset.severity === "sev1").map((element) => element.dataset.said));
    }
    if (cases.length || known) known = new Set([...(known || []), ...cases.map((element) => element.dataset.case)]);
    const title = document.querySelector("[data-title]")?.dataset;
    if (!title) return;
    document.title = title.title;
    const icon = document.querySelector("link[rel=icon]");
    icon.href = icon.href.replace(/\w+(?=\.svg)/, "alarm" in title ? "alarm" : "icon");
  }

  function say(sentences) {
    if (sentences.length) document.getElementById("speaker").textContent = sentences.join(". ");
  }

  const sentences = (root) => [...root.querySelectorAll("h1, p:not(.ways)")].map((one) => one.textContent).join(". ");
  function failed(sentence) {
    const element = document.getElementById("failed");
    element.textContent = sentence;
    element.hidden = !sentence;
  }

  // Brings what is shown to what an answer says. `sent`: the form that it answers, and what it had in it is done with.
  function bring(target, html, sent) {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const part = target.dataset.select; // cut out of a whole page, where there is no part of its own
    const fresh = part ? answer.querySelector(part) : answer.body;
    const message = answer.querySelector("[data-failed]");
    if (message || !fresh) return failed(sentences(message || answer));
    if (sent) failed("");
    const refusal = target.querySelector("[data-stays]"); // what it says stays until something else is done
    if (refusal && !sent && !fresh.querySelector("[data-stays]")) fresh.querySelector(".crumbs").after(refusal.cloneNode(true));
    times.write(fresh);
    const before = document.activeElement;
    update(target, fresh, sent);
    htmx.process(target);
    // Where the button that was pressed is gone, reading goes on where the case begins.
    if (sent && !before.isConnected) target.querySelector("h1[tabindex]")?.focus({ preventScroll: true });
    shown();
  }

  const state = { open: false, read: true, out: false };
  function connection(change) {
    Object.assign(state, change);
    const element = document.getElementById("connection");
    if (!element) return;
    element.className = state.open && state.read && !state.out ? "state live" : "state lost";
    const said = element.querySelector(".said-live");
    if (state.out) {
      const link = document.createElement("a");
      link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
      link.textContent = words.out;
      link.addEventListener("click", drafts.keepAny);
      said.replaceChildren(link);
    } else said.textContent = state.open && state.read ? words.live : words.lost;
  }

  let due = false;
  let last = 0;
  let pressed = false;
  function refresh() {
    if (due || state.out) return;
    due = true;
    setTimeout(read, Math.max(0, 1000 - (Date.now() - last)));
  }

  async function read() {
    if (pressed) return setTimeout(read, 200); // what is under the pointer stays there until it is let go
    due = false;
    last = Date.now();
    const target = document.querySelector("[data-refresh]");
    try {
      const answer = await fetch(target.dataset.refresh, { headers: { "HX-Request": "true" }, redirect: "error" });
      if (answer.status === 401) return connection({ out: true });
      if (answer.status >= 500) throw new Error(answer.statusText);
      bring(target, await answer.text());
      connection({ read: true });
    } catch { // what is shown stays: it is old, but better than nothing
      connection({ read: false });
      setTimeout(refresh, 5000);
    }
  }

  // The server says every 15 seconds that it is there. A browser notices much later that a cable is cut.
  const SILENCE = 40000;
  let stream = null;
  let heard = 0;
  function listen() {
    stream = new EventSource("/live");
    heard = Date.now();
    for (const name of ["ready", "changed", "alive"]) stream.addEventListener(name, () => { heard = Date.now(); });
    stream.addEventListener("ready", () => { connection({ open: true }); refresh(); });
    stream.addEventListener("changed", refresh);
    stream.addEventListener("error", () => {
      connection({ open: false });
      refresh(); // says whether the session is over
      if (stream.readyState === EventSource.CLOSED) heard = Date.now() - SILENCE + 5000; // it would not try again by itself
    });
  }

  function watch() {
    if (!stream || state.out || Date.now() - heard < SILENCE) return;
    stream.close();
    connection({ open: false });
    listen();
  }

  document.addEventListener("htmx:sendError", () => failed(words.unsent));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    const page = xhr.getResponseHeader("Content-Type")?.startsWith("text/html");
    const form = requestConfig.elt.closest("form");
    if (target.hasAttribute("data-refresh")) {
      event.detail.shouldSwap = false;
      if (page) bring(target, xhr.responseText, xhr.status < 400 ? form : null);
      else failed(words.unsent);
      if (xhr.status < 400) say([target.querySelector(".timeline .words")?.textContent || ""]);
    } else if (xhr.status >= 400 && page) event.detail.shouldSwap = true; // says what to do, like any other part
  });
  document.addEventListener("htmx:afterSwap", shown);

  for (const [type, down] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["dragend", false]]) {
    addEventListener(type, () => { pressed = down; }, true);
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-at-once]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const draft = event.target.closest("button[data-draft]");
    const note = document.getElementById("text");
    if (!draft || !note) return;
    const said = draft.closest("article").querySelector(".words").textContent;
    note.value = note.value.trim() ? `${note.value.trimEnd()}\n\n${said}` : said;
    note.focus();
  });
  const field = document.getElementById("token");
  if (field && location.hash.startsWith("#token=")) { // a link that signs in: what follows # never leaves the browser
    field.value = decodeURIComponent(location.hash.slice("#token=".length));
    history.replaceState(null, "", location.pathname + location.search);
  }
  shown();
  times.zone();
  setInterval(() => times.tick(document), 1000);
  const page = document.querySelector("[data-refresh]");
  if (page?.dataset.every) setInterval(refresh, page.dataset.every * 1000);
  if (page) listen();
  setInterval(watch, 5000);
  addEventListener("offline", () => connection({ open: false }));
  addEventListener("online", () => { heard = 0; watch(); });
  const again = document.querySelector("[data-again]"); // a page that failed for now: it looks again by itself
  if (again) setTimeout(() => location.reload(), again.dataset.again * 1000);
})();
