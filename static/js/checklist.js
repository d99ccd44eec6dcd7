// The checklist's panel: a line opens what its field is folded into, and a warning is waved through without leaving.
// Without it the links lead to small pages of their own.
//
// Whoever draws the panel from unsaved text listens for "checklist:stale" on it, calls preventDefault(), and sends
// "checklist:drawn" once the new inside stands in #checklist.

const panel = document.getElementById("panel-checklist");
const inside = document.getElementById("checklist");
const count = document.getElementById("checklist-count");

// --- from a line to its field ---

function reveal(target) {
  const row = target.closest(".section-row");
  const opener = row?.querySelector(".section__open");
  if (opener) opener.open = true;
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}

function lead(event) {
  const link = event.target.closest(":is(#panel-checklist,.errorlinks,.messagelist) a[href^='#']");
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  reveal(target);
  const field = target.matches(".admin-autocomplete") ? target.nextElementSibling.querySelector(".select2-selection") : target;
  if (!field.matches("input,select,textarea,[tabindex]")) field.tabIndex = -1;
  field.focus({ preventScroll: true });
  (field.closest(".form-row") ?? field).scrollIntoView({ block: "center" });
}

// --- drawing anew ---

function drawn() {
  if (!count) return;
  count.textContent = inside.firstElementChild?.dataset.said ?? "";
  count.hidden = !count.textContent;
}

async function redraw() {
  const event = new CustomEvent("checklist:stale", { bubbles: true, cancelable: true });
  if (!panel.dispatchEvent(event)) return;
  const answer = await fetch(panel.dataset.url).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const open = [...inside.querySelectorAll("details")].map((details) => details.open);
  inside.innerHTML = await answer.text();
  inside.querySelectorAll("details").forEach((details, index) => { details.open = open.at(index - inside.querySelectorAll("details").length) ?? false; });
  drawn();
}

// --- waving through, and taking back ---

async function send(address, body) {
  const answer = await fetch(address, { method: "POST", body, headers: { "X-Requested-With": "fetch" } }).catch(() => null);
  return answer?.status === 204;
}

function ask(link) {
  const dialog = panel.querySelector("template").content.cloneNode(true).firstElementChild;
  const form = dialog.querySelector("form");
  for (const name of ["key", "fingerprint", "sentence", "quote"]) form.elements[name].value = link.dataset[name];
  dialog.querySelector(".wave__sentence").textContent = link.dataset.sentence;
  const quote = dialog.querySelector(".wave__quote");
  quote.textContent = link.dataset.quote;
  quote.hidden = !link.dataset.quote;
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await send(link.href, new FormData(form))) {
      dialog.close();
      await redraw();
      panel.querySelector("[role=status]").textContent = count?.textContent ?? "";
      focusPanel();
    } else {
      dialog.querySelector(".errornote").hidden = false;
    }
  });
  document.getElementById("container").append(dialog);
  dialog.showModal();
}

async function takeBack(link) {
  const token = panel.querySelector("template").content.querySelector("[name=csrfmiddlewaretoken]");
  const body = new FormData();
  body.set(token.name, token.value);
  if (await send(link.href, body)) {
    await redraw();
    focusPanel();
  } else {
    window.open(link.href, "_blank");
  }
}

function focusPanel() {
  const title = document.getElementById("panel-checklist-title");
  title.tabIndex = -1;
  title.focus();
}

if (panel) {
  document.addEventListener("click", lead);
  panel.addEventListener("checklist:drawn", drawn);
  panel.addEventListener("click", (event) => {
    const link = event.target.closest("[data-wave],[data-take-back],[data-elsewhere]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if ("elsewhere" in link.dataset) {
      window.addEventListener("focus", redraw, { once: true });
      return;
    }
    event.preventDefault();
    if ("wave" in link.dataset) ask(link);
    else takeBack(link);
  });
}
