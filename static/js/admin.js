// What the admin's pages gain with scripting: sections to move, help with Markdown, counters, a warning before leaving.
// Everything works without it. Words come from the page: attributes of our script element and of templates.

const words = document.getElementById("desk-script").dataset;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const editor = document.querySelector("#content-main > form[method=post]");

// --- sections: in the order of the page, numbered by `position` ---

function startSections(group) {
  const status = group.querySelector("[role=status]");
  const rows = () => [...group.querySelectorAll(".section-row:not(.empty-form)")];
  const field = (row, name) => row.querySelector(`[name$="-${name}"]`);

  if (!rows().every((row) => field(row, "position"))) return; // somebody who may look only

  const number = () => rows().forEach((row, index) => { field(row, "position").value = index; });
  const sortBy = (key) => rows().sort((a, b) => key(a) - key(b)).forEach((row, _, all) => all[0].parentNode.insertBefore(row, group.querySelector(".empty-form")));
  let added = 0;
  const position = (row) => Number(field(row, "position").value);

  function summarise(row) {
    const kind = field(row, "kind");
    const heading = field(row, "heading");
    const body = field(row, "body");
    const title = heading.value.trim() || (kind.value && kind.selectedOptions[0].text.replace(/ \(.*\)$/, ""));
    if (title) row.querySelector(".section__title").textContent = title;
    row.querySelector(".section__count").textContent = body.value.match(/^\s*([-*+]|\d+\.|###) /gm)?.length ?? "";
  }

  // A copy of the empty row has its name's id as well.
  const name = (row) => {
    const summary = row.querySelector(".section__open > summary");
    summary.id = `section-added-${++added}`;
    row.setAttribute("aria-labelledby", summary.id);
  };

  // The neighbour moves, never the row itself: it keeps the focus and the pointer.
  function swap(row, direction) {
    const all = rows();
    const other = all[all.indexOf(row) + direction];
    if (!other) return false;
    if (direction < 0) row.after(other);
    else row.before(other);
    return true;
  }

  function moved(row) {
    number();
    editor?.dispatchEvent(new Event("change"));
    const all = rows();
    const title = row.querySelector(".section__title").textContent;
    status.textContent = fill(words.moved, { title, place: all.indexOf(row) + 1, all: all.length });
  }

  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    const row = button?.closest(".section-row");
    if (row && swap(row, button.dataset.move === "up" ? -1 : 1)) {
      moved(row);
      row.scrollIntoView({ block: "nearest" });
    }
  });

  group.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".section__drag");
    if (!handle || event.button) return;
    event.preventDefault();
    const row = handle.closest(".section-row");
    const follow = ({ clientY }) => {
      const box = row.querySelector(".section__head").getBoundingClientRect();
      if (clientY < box.top) swap(row, -1);
      else if (clientY > row.getBoundingClientRect().bottom) swap(row, 1);
    };
    const drop = () => {
      row.classList.remove("is-dragged");
      handle.removeEventListener("pointermove", follow);
      moved(row);
    };
    row.classList.add("is-dragged");
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("lostpointercapture", drop, { once: true });
  });

  // "In copy" follows the kind until somebody has ticked by hand, now or before the section was saved.
  const inCopy = group.dataset.inCopy.split(" ");
  const usual = (row) => inCopy.includes(field(row, "kind").value);
  const byHand = new Set(rows().filter((row) => row.matches(".has_original") && field(row, "in_copy").checked !== usual(row)));

  group.addEventListener("input", ({ target }) => {
    const row = target.closest(".section-row");
    if (!row) return;
    if (target === field(row, "in_copy")) byHand.add(row);
    if (target === field(row, "kind") && !byHand.has(row)) field(row, "in_copy").checked = usual(row);
    summarise(row);
  });

  document.addEventListener("formset:added", ({ target }) => {
    if (!group.contains(target)) return;
    number();
    name(target);
    summarise(target);
    target.querySelector("select").focus();
  });

  // After a removal inlines.js numbers the forms as they stand, and Django needs the saved ones first: let them stand so
  // for that moment.
  document.addEventListener("formset:removed", () => {
    sortBy((row) => Number(!row.classList.contains("has_original")) * 1e4 + Number(row.id.match(/\d+$/)));
    queueMicrotask(() => { sortBy(position); number(); });
  });

  // What was open stays open when the page is saved. A new section has no number yet: its kind names it, and its place
  // among those of its kind.
  const opener = (row) => row.querySelector(".section__open");
  const key = `open ${location.pathname.replace(/\/(add|\d+\/change)\/$/, "")}`;
  const names = () => {
    const seen = {};
    return rows().filter((row) => !row.querySelector("[name$=-DELETE]:checked")).map((row) => {
      const kind = field(row, "kind").value;
      seen[kind] = (seen[kind] ?? 0) + 1;
      return [`${kind}${seen[kind]}`, row];
    });
  };
  window.addEventListener("pagehide", () => {
    sessionStorage.setItem(key, names().filter(([, row]) => opener(row).open).map(([name]) => name));
  });

  sortBy(position); // after an error the forms come in the order of their making
  number();
  rows().forEach(summarise);
  const open = (sessionStorage.getItem(key) ?? "").split(",");
  for (const [name, row] of names()) if (open.includes(name)) opener(row).open = true;
  group.classList.add("is-sortable");
  const add = group.querySelector(".add-row a");
  if (add) add.textContent = words.addSection;
}

// --- Markdown: buttons above each text ---

function startMarkdown(textarea) {
  const tools = document.getElementById("markdown-tools").content.cloneNode(true).firstElementChild;
  tools.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if ("help" in button.dataset) showHelp(tools, button);
    else write(textarea, button.dataset);
  });
  textarea.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && continueList(textarea, event)) event.preventDefault();
    const wrap = (event.ctrlKey || event.metaKey) && { b: "**|**", k: "[|](https://)" }[event.key];
    if (wrap) {
      event.preventDefault();
      write(textarea, { wrap });
    }
  });
  textarea.before(tools);
}

// Enter begins the next item of a list; on an item without words it ends the list. Returns whether it did either.
function continueList(textarea, { isComposing, shiftKey, ctrlKey, metaKey, altKey }) {
  const { selectionStart: at, selectionEnd: end, value } = textarea;
  const start = value.lastIndexOf("\n", at - 1) + 1;
  const [line] = value.slice(start).split("\n", 1);
  const [item, mark] = line.match(/^ *([-*+]|\d{1,9}[.)]) +/) ?? [];
  if (!item || at !== end || at < start + item.length || isComposing || shiftKey || ctrlKey || metaKey || altKey) return false;
  if (line === item) insert(textarea, start, end, "");
  else insert(textarea, at, at, `\n${item.replace(mark, mark.replace(/\d+/, (number) => Number(number) + 1))}`);
  return true;
}

// Deprecated, and the only way to write that "undo" takes back.
function insert(textarea, start, end, text) {
  textarea.setSelectionRange(start, end);
  if (text ? document.execCommand("insertText", false, text) : document.execCommand("delete")) return;
  textarea.setRangeText(text, start, end, "end");
  textarea.dispatchEvent(new Event("input", { bubbles: true }));
}

// Where the style sheet cannot let a text grow (`field-sizing`), the script does.
function grow({ target }) {
  if (target.tagName !== "TEXTAREA" || CSS.supports("field-sizing", "content")) return;
  target.style.height = "auto";
  target.style.height = `${target.scrollHeight + 4}px`;
}

function write(textarea, { wrap, line }) {
  let { selectionStart: start, selectionEnd: end, value } = textarea;
  if (line) start = value.lastIndexOf("\n", start - 1) + 1;
  const chosen = value.slice(start, end);
  const [before, after] = (wrap ?? "|").split("|");
  const text = line ? chosen.replace(/^/gm, line) : before + chosen + after;
  textarea.focus();
  insert(textarea, start, end, text);
  if (wrap) textarea.setSelectionRange(start + before.length, start + before.length + chosen.length);
}

function showHelp(tools, button) {
  const help = document.getElementById("markdown-help");
  const open = button.getAttribute("aria-expanded") !== "true";
  for (const other of document.querySelectorAll("[data-help]")) other.setAttribute("aria-expanded", false);
  button.setAttribute("aria-expanded", open);
  help.open = open;
  if (open) tools.after(help);
}

// --- counters: how much search engines show ---

const ABOUT = { search_title: 60, search_description: 160, summary: 300 };

function startCounter(input) {
  const counter = document.createElement("span");
  counter.className = "counter";
  const count = () => { counter.textContent = fill(words.counter, { count: input.value.length, limit: ABOUT[input.name] }); };
  input.addEventListener("input", count);
  input.after(counter);
  count();
}

// --- leaving, and the preview ---

function startEditor(form) {
  let unsaved = false;
  const change = () => { unsaved = true; };
  for (const name of ["input", "change"]) form.addEventListener(name, change);
  for (const name of ["formset:added", "formset:removed"]) document.addEventListener(name, change);
  form.addEventListener("submit", () => { unsaved = false; });
  document.addEventListener("desk:given-up", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  // "Save and preview" saves here and shows there. This page is then loaded anew: it would not know the sections that
  // were just saved, and would save them a second time.
  form.querySelector("[name=_preview]")?.addEventListener("click", async (event) => {
    event.preventDefault();
    const button = event.currentTarget;
    const tab = window.open("", "_blank");
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button) }).catch(() => null);
    if (tab && answer?.ok && answer.url !== location.href) {
      unsaved = false;
      tab.location = answer.url;
      location.reload();
      return;
    }
    tab?.close(); // something is missing: the page says what, here
    button.formTarget = "";
    form.requestSubmit(button);
  });
}

// --- names for the fields that Django leaves without one ---

addEventListener("load", () => { // Django makes its selectors then, before us
  for (const icon of document.querySelectorAll(".search-label-icon")) icon.role = "img";
});

function nameFields() {
  for (const field of document.querySelectorAll("td :is(input:not([type=hidden]),select,textarea)")) {
    const cell = field.closest("td");
    const heading = cell.closest("table").tHead?.rows[0].cells[cell.cellIndex];
    if (heading && !field.labels.length && !field.ariaLabel) field.setAttribute("aria-label", heading.innerText.trim());
  }
  const search = document.getElementById("searchbar");
  if (search) search.ariaLabel = search.labels[0].querySelector("img").alt;
  for (const field of document.querySelectorAll(".datetime input")) {
    const label = field.closest(".form-row").querySelector("label, legend").textContent;
    field.setAttribute("aria-label", label + field.previousSibling.textContent);
  }
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = select.labels[0]?.textContent ?? select.getAttribute("aria-label");
    for (const part of select.nextElementSibling?.querySelectorAll(".select2-selection, .select2-selection__rendered, .select2-search__field") ?? []) {
      part.removeAttribute("aria-labelledby");
      part.setAttribute("aria-label", [label, part.classList.contains("select2-search__field") ? "" : select.selectedOptions[0]?.text].filter(Boolean).join(" "));
    }
  }
}

// --- text that only this browser has (editor.js): not for ever, and not after signing out on purpose ---

const COPIES_KEPT = 30 * 86400000; // ms; docs/privacy.md says so
const copies = (start) => Object.keys(localStorage).filter((name) => name.startsWith(start));

function copy(name) {
  try { return JSON.parse(localStorage.getItem(name)) ?? {}; } catch { return {}; }
}

function dropOldCopies() {
  for (const name of copies("typed ")) {
    if (!(Date.now() - copy(name).at < COPIES_KEPT)) localStorage.removeItem(name);
  }
}

// A copy of what was sent stays until its form is opened again. Whether it was saved, only the server knows.
async function isSaved(name, token) {
  const { key, sent } = copy(name);
  if (!sent) return false;
  const body = new URLSearchParams({ _gone: 1, _form: key, _asks: key });
  const url = name.split(" ")[2].replace(/(change\/)?$/, "keep/");
  try {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual", signal: AbortSignal.timeout(5000) });
    return (await answer.json()).asked === "saved";
  } catch { return false; }
}

function startSigningOut(form) {
  form.addEventListener("submit", async (event) => {
    if (!navigator.onLine) return; // it will not reach the server
    event.preventDefault();
    const keeping = []; // the editor adds what it has not kept yet
    document.dispatchEvent(new CustomEvent("desk:signing-out", { detail: keeping }));
    const kept = await Promise.all(keeping);
    const mine = copies(`typed ${words.user} `);
    const saved = await Promise.all(mine.map((name) => isSaved(name, form.elements.csrfmiddlewaretoken.value)));
    if ([...kept, ...saved].includes(false)) {
      if (!confirm(words.signOut)) return;
      document.dispatchEvent(new Event("desk:given-up"));
    }
    for (const name of mine) localStorage.removeItem(name);
    form.submit();
  });
}

function start() {
  try { dropOldCopies(); } catch { /* a browser that keeps nothing */ }
  const out = document.getElementById("sign-out");
  if (out) startSigningOut(out);
  document.querySelectorAll(".sections").forEach(startSections);
  document.querySelectorAll(".form-row:not(.empty-form *) textarea.markdown").forEach(startMarkdown);
  document.addEventListener("formset:added", ({ target }) => target.querySelectorAll("textarea.markdown").forEach(startMarkdown));
  for (const name of Object.keys(ABOUT)) document.querySelectorAll(`#id_${name}`).forEach(startCounter);
  for (const name of ["focusin", "input"]) document.addEventListener(name, grow);
  nameFields();
  document.querySelector(".side__nav [aria-current]")?.scrollIntoView({ block: "nearest" });
  if (editor) startEditor(editor);
}

// Django's scripts make their links and fields first; ours was asked for later and so is called later.
if (window.django?.jQuery) django.jQuery(start);
else start();
