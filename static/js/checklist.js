// The checklist's panel: drawn anew as the form changes, and a warning is waved through without leaving.
// Without it the links lead to small pages of their own.

const panel = document.getElementById("panel-checklist");
const inside = document.getElementById("checklist");
const count = document.getElementById("checklist-count");

// --- drawing anew ---

function drawn() {
  if (!count) return;
  count.textContent = inside.firstElementChild?.dataset.said ?? "";
  count.hidden = !count.textContent;
}

// The editor asks the server about the form as it stands, and tells what came of it.
function redraw() {
  panel.dispatchEvent(new CustomEvent("checklist:stale", { bubbles: true, cancelable: true }));
}

function draw({ detail }) {
  if (!detail.checklist) return;
  const open = [...inside.querySelectorAll("details")].map((details) => details.open);
  inside.innerHTML = detail.checklist;
  const all = [...inside.querySelectorAll("details")]; // the last ones are always there
  all.forEach((details, index) => { details.open = open.at(index - all.length) ?? false; });
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
      redraw();
      document.addEventListener("editor:looked", () => { panel.querySelector("[role=status]").textContent = count?.textContent ?? ""; }, { once: true });
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
    redraw();
    focusPanel();
  } else {
    window.open(link.href, "_blank");
  }
}

function focusPanel() {
  panel.tabIndex = -1;
  panel.focus();
}

if (panel) {
  document.addEventListener("editor:looked", draw);
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
