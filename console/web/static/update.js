// Brings an element to what a fresh copy of it says: idiomorph changes only what differs, and this says which nodes are
// the same ones, and what is the reader's own.
"use strict";
const update = (() => {
  // Idiomorph knows a node by its id and would take any other for the next of its kind: a button for another form's, under
  // somebody's finger. So what can be acted upon gets an id in both, out of what says what it does and where it stands.
  function named(root) {
    for (const row of root.querySelectorAll("li[data-case]")) { // of blanks it takes the next, and would move every row
      if (row.previousSibling?.nodeType === Node.TEXT_NODE) row.previousSibling.remove();
    }
    for (const node of root.querySelectorAll("[data-case], form, button, input, select, textarea")) {
      if (node.hasAttribute("id")) continue;
      const around = node.parentElement.closest("[id]");
      const inside = around !== root && root.contains(around) ? around.getAttribute("id") : "";
      const says = ["data-case", "action", "formaction", "name"].map((one) => node.getAttribute(one)).find(Boolean) ?? "";
      const which = node.type === "checkbox" ? node.value : ""; // several have one name
      node.setAttribute("id", [inside, node.localName, says, which].join(" ").trim()); // form.id would be a field of that name
    }
  }

  // Whether somebody is at work in a field: what they typed, ticked or chose must not be taken from under their hands.
  function busy(field) {
    if (field.type === "hidden" || field.readOnly) return false;
    if (field === document.activeElement) return true;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.localName !== "select") return field.value !== field.defaultValue;
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  }

  // The content of `target` becomes that of `fresh`. `sent`: the form whose answer this is; nobody is at work in it.
  return (target, fresh, sent) => {
    named(target);
    named(fresh);
    const done = new Set(sent?.elements);
    const focused = document.activeElement;
    Idiomorph.morph(target, [...fresh.childNodes], {
      morphStyle: "innerHTML",
      callbacks: {
        beforeNodeMorphed: (node) => done.has(node) || !node.matches?.("input, textarea, select") || !busy(node),
        beforeAttributeUpdated: (name, node) => name !== "open" || node.localName !== "details",
      },
    });
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  };
})();
