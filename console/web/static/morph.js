// Brings an element to what a fresh copy of it says and touches only what differs: focus, selection, what is folded out
// and what somebody is writing stay as they are.
"use strict";
const morph = (() => {
  const NAMES = ["id", "data-case", "aria-labelledby", "action", "formaction", "name"];

  // What makes a node the same one in both, among its siblings; "" where nothing does. A form's fields and buttons are
  // never taken for those of another.
  function key(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const name = NAMES.find((one) => node.hasAttribute(one));
    return name ? `${node.nodeName} ${name} ${node.getAttribute(name)}` : "";
  }

  // Whether somebody is at work in a field: what they typed, ticked or chose must not be taken from under their hands.
  function busy(field) {
    if (field.type === "hidden" || field.readOnly) return false;
    if (field === document.activeElement) return true;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.nodeName !== "SELECT") return field.value !== field.defaultValue;
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  }

  function attributes(old, fresh) {
    const folds = (name) => name === "open" && old.nodeName === "DETAILS"; // that is the reader's own
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !folds(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !folds(name)) old.setAttribute(name, value);
    }
  }

  function field(old, fresh, sent) {
    if (busy(old) && !sent?.contains(old)) return;
    attributes(old, fresh);
    children(old, fresh, sent);
    if (old.type === "checkbox" || old.type === "radio") old.checked = fresh.checked;
    else old.value = fresh.value;
  }

  // `at` is the first old node that has no fresh one yet.
  function children(old, fresh, sent) {
    const wanted = new Set([...fresh.childNodes].map(key));
    const known = new Map();
    for (const node of [...old.childNodes]) {
      if (!wanted.has(key(node))) node.remove();
      else if (key(node)) known.set(key(node), node);
    }
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const name = key(next);
      if (name && known.has(name)) while (at && !key(at)) at = gone(at);
      const same = name ? known.get(name) : at && !key(at) && at.nodeName === next.nodeName ? at : null;
      known.delete(name);
      if (!same) old.insertBefore(next, at);
      else {
        if (same === at) at = at.nextSibling;
        else old.insertBefore(same, at);
        one(same, next, sent);
      }
    }
    while (at) at = gone(at);
  }

  function gone(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  function one(old, fresh, sent) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
    } else if (old.matches("input, textarea, select")) field(old, fresh, sent);
    else {
      attributes(old, fresh);
      children(old, fresh, sent);
    }
  }

  // The content of `target` becomes that of `fresh`. `sent`: the form whose answer this is; nobody is at work in it.
  return (target, fresh, sent) => {
    const focused = document.activeElement;
    children(target, fresh, sent);
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  };
})();
