// Sends nothing twice, and loses nothing that was written: what a form had in it when the session turned out to be over
// is there again after signing in. It is kept in this tab alone, and only until then.
"use strict";
const drafts = (() => {
  const NAME = "draft ";
  const AGAIN = "signed in";
  const FIELDS = "textarea[name], input[type=text][name], input:not([type])[name]";
  const STUCK = 10000;
  const DOUBLE_CLICK = 500;
  const signingIn = document.getElementById("token") !== null;
  const sending = new WeakSet();

  const written = (form) => [...form.querySelectorAll(FIELDS)];

  function keep(form) {
    if (signingIn) return;
    const fields = written(form).map((field) => [field.name, field.value]);
    const draft = { action: form.getAttribute("action"), fields };
    sessionStorage.setItem(NAME + location.pathname, JSON.stringify(draft));
  }

  // The form in which something is being written, if there is one.
  function keepAny() {
    const form = [...document.forms].find((one) => written(one).some((field) => field.value !== field.defaultValue));
    if (form) keep(form);
  }

  function forget() {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith(NAME)) sessionStorage.removeItem(name);
  }

  function restore() {
    if (signingIn) return sessionStorage.setItem(AGAIN, "");
    const draft = sessionStorage.getItem(AGAIN) === null ? null : sessionStorage.getItem(NAME + location.pathname);
    sessionStorage.removeItem(AGAIN);
    forget();
    if (!draft) return;
    const { action, fields } = JSON.parse(draft);
    const form = [...document.forms].find((one) => one.getAttribute("action") === action);
    if (!form) return;
    form.closest("details")?.setAttribute("open", "");
    for (const field of written(form)) field.value = fields.find(([name]) => name === field.name)?.[1] ?? field.value;
  }

  function send(form, event) {
    if (sending.has(form)) return event.preventDefault();
    sending.add(form);
    setTimeout(() => sending.delete(form), STUCK);
    keep(form);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("method") === "post" && !form.hasAttribute("hx-post")) send(form, event);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) send(form, event);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) setTimeout(() => sending.delete(form), DOUBLE_CLICK);
    if (form && event.detail.xhr.status !== 401) forget();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  restore();
  return { keepAny };
})();
