// The editor of a page: keeps what is typed, says who else is here, and shows the page beside the form as it changes.
// Without it the form saves all the same, and the server still lets nobody overwrite another's text.

const words = document.getElementById("editor-script").dataset;
const form = document.querySelector("#content-main > form[method=post]");
const $ = (id) => document.getElementById(id);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const language = document.documentElement.lang.replace(/^en$/, "en-GB");

// As the server says it: “12:04”, with the day where that is another one.
function clock(time) {
  const say = (at, day) => new Intl.DateTimeFormat(language, { timeZone: words.zone, ...day }).format(at);
  const day = { dateStyle: "medium" };
  const hour = say(time, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return say(time, day) === say(Date.now(), day) ? hour : `${say(time, day)}, ${hour}`;
}

// --- the form as text, and how to reach the server with it ---

class SignedOut extends Error {}
class SomebodyElse extends Error {}
class TooLong extends Error {}

// Without the token, which goes along as a header: that of an old session would be refused, and must not lie around here.
const isTyped = ([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken";
const typed = () => new URLSearchParams([...new FormData(form)].filter(isTyped));
const isTooLong = (body) => String(body).length > Number(words.mostBytes) || [...body].length > Number(words.mostFields);
const key = () => form.elements._form.value;
const token = () => form.elements.csrfmiddlewaretoken.value;

// Signing in gives the browser another token: this window, which was loaded before, then needs it too.
async function renew() {
  const answer = await fetch(words.keepUrl, { redirect: "manual" });
  if (answer.type === "opaqueredirect") throw new SignedOut();
  const fresh = await answer.json();
  if (String(fresh.user) !== words.user) throw new SomebodyElse();
  const asides = [...document.querySelectorAll("template")].map((template) => template.content);
  for (const part of [document, ...asides]) {
    for (const field of part.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh.token;
  }
}

async function post(url, body, signal = AbortSignal.timeout(15000)) {
  if (isTooLong(body)) throw new TooLong();
  const ask = () => fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token() }, redirect: "manual", keepalive: body.has("_gone"), signal });
  let answer = await ask();
  if (answer.status === 403) {
    await renew();
    answer = await ask();
  }
  if (answer.type === "opaqueredirect") throw new SignedOut();
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

// --- keeping: on the server a moment after the last key, in this browser where the server cannot be reached ---

const KEEP_AFTER = 2500; // ms after the last key
const KEEP_WITHIN = 12000; // ms of typing without a pause
const BEAT = 20000; // ms between two signs of life
const place = `typed ${words.user} ${location.pathname}`;
let waiting = 0; // the timer of the next keeping
let since = 0; // when the first key was pressed that is not kept yet
let unkept = false;
let trouble = "";
let left = ""; // the key of the form that this window showed before

function say(text) {
  $("keep-state").textContent = text;
}

function keepHere(extra = {}) {
  try {
    localStorage.setItem(place, JSON.stringify({ at: Date.now(), key: key(), body: String(typed()), ...extra }));
    return true;
  } catch {
    return false;
  }
}

function here() {
  try { return JSON.parse(localStorage.getItem(place)); } catch { return null; }
}

function touched() {
  unkept = true;
  since ||= Date.now();
  if (!trouble) say(words.typing);
  clearTimeout(waiting);
  waiting = setTimeout(keep, Math.max(0, Math.min(KEEP_AFTER, since + KEEP_WITHIN - Date.now())));
  look();
}

async function keep() {
  since = 0;
  try {
    unkept = false;
    heard(await post(words.keepUrl, typed()));
    localStorage.removeItem(place);
  } catch (error) {
    unkept = true;
    failed(error);
  }
}

async function beat() {
  if (unkept && trouble) return keep();
  const old = here();
  const asks = old && old.key !== key() ? { _asks: old.key } : {};
  try {
    const answer = await post(words.keepUrl, new URLSearchParams({ _here: 1, _form: key(), _seen: form.elements._seen.value, _left: left, ...asks }));
    left = "";
    heard(answer);
    if (asks._asks) offer(old, answer.asked);
  } catch (error) {
    if (!(error instanceof TypeError) || !navigator.onLine) failed(error);
  }
}

function heard({ kept_at: keptAt, others, changed }) {
  if (isBehind) look();
  trouble = "";
  if (keptAt && !unkept) say(fill(words.kept, { time: keptAt }));
  tell("kept-others", others?.length && fill(words.others, { names: others.join("; ") }));
  tell("kept-changed", changed && fill(words.changed, { what: changed }));
}

function failed(error) {
  const kept = keepHere();
  if (error instanceof SignedOut) trouble = words.signedOut;
  else if (error instanceof SomebodyElse) trouble = words.somebodyElse;
  else trouble = /^\d/.test(error.message) ? words.refused : words.offline;
  if (!kept) trouble = words.full;
  if (error instanceof TooLong) trouble = `${words.tooLong} ${kept ? words.keptHere : words.onlyHere}`;
  say(trouble);
  if (error instanceof SignedOut) {
    const link = Object.assign(document.createElement("a"), { href: words.loginUrl, target: "_blank", textContent: words.signIn });
    $("keep-state").append(" ", link);
  }
}

// A status is told to screen readers when it changes, and only then.
function tell(id, text) {
  const line = $(id);
  line.hidden = !text;
  if (text && line.textContent !== text) line.textContent = text;
}

// Text that only this browser has: of a window that could not reach the server, or was closed before it did.
function offer(old, asked) {
  if (asked === "saved" || $("kept-here")) { if (asked) localStorage.removeItem(place); return; }
  const line = Object.assign(document.createElement("p"), { className: "kept__line", id: "kept-here" });
  const button = (text, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--sm", textContent: text });
    made.addEventListener("click", act);
    return made;
  };
  line.append(
    fill(words.found, { time: clock(old.at) }), " ",
    button(words.restore, async () => {
      try { await post(words.keepUrl, new URLSearchParams(old.body)); } catch { say(words.refused); return; }
      localStorage.removeItem(place);
      location.assign(`?kept=${old.key}`);
    }), " ",
    button(words.drop, () => { localStorage.removeItem(place); line.remove(); }),
  );
  $("kept").append(line);
}

// A window that is loaded anew must not count as another one: the closing of the old form may be heard too late.
function startWindow() {
  const LEFT = "left form";
  left = sessionStorage.getItem(LEFT) ?? "";
  sessionStorage.removeItem(LEFT);
  window.addEventListener("pagehide", () => {
    sessionStorage.setItem(LEFT, key());
    post(words.keepUrl, new URLSearchParams({ _gone: 1, _form: key() })).catch(() => {});
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    sessionStorage.removeItem(LEFT);
    beat();
  });
}

function startKeeping() {
  if (words.restored) {
    form.dispatchEvent(new Event("change")); // not as saved, and kept already
    say(fill(words.kept, { time: words.restored }));
  }
  for (const name of ["input", "change"]) form.addEventListener(name, touched);
  for (const name of ["formset:added", "formset:removed"]) document.addEventListener(name, touched);
  window.django?.jQuery(form).on("select2:select select2:unselect", touched); // these tell only jQuery
  form.addEventListener("submit", (event) => {
    clearTimeout(waiting);
    const kept = keepHere({ sent: true }); // until the next page says that it was saved
    const isLong = isTooLong(typed());
    if (navigator.onLine && !isLong) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isLong) failed(new TooLong());
    else say(kept ? words.notNow : words.full);
  }, true);
  window.addEventListener("pagehide", () => {
    if (unkept) keepHere();
  });
  document.addEventListener("desk:signing-out", ({ detail }) => { if (unkept) { clearTimeout(waiting); detail.push(keep().then(() => !unkept)); } });
  document.addEventListener("desk:given-up", () => { unkept = false; });
  for (const name of ["online", "focus"]) window.addEventListener(name, beat);
  window.addEventListener("offline", () => { if (unkept) failed(new TypeError()); });
  setInterval(() => { if (!document.hidden) beat(); }, BEAT);
  beat();
}

// --- the page beside the form ---

const LOOK_AFTER = 90; // ms after the last key
const frame = document.querySelector(".look__frame");
let looking = 0;
let asked = null;
let isBehind = false; // the page says less than the form: the server was not to be reached
let places = {};
let current = ""; // the row that is being edited
let level = ""; // of the page that is shown; "" for all levels

function look() {
  if (!frame) return;
  clearTimeout(looking);
  looking = setTimeout(show, LOOK_AFTER);
}

async function show() {
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await post(`${words.lookUrl}?level=${level}`, typed(), asked.signal);
    isBehind = false;
    places = answer.places ?? {};
    if (answer.why) facts(answer.why);
    else if (!$("panel-preview").hidden) draw(answer.html);
    document.dispatchEvent(new CustomEvent("editor:looked", { detail: answer }));
  } catch (error) {
    if (error.name === "AbortError") return;
    isBehind = true;
    facts(error instanceof TooLong ? words.tooLong : words.waiting);
  }
}

// Only what the page says is drawn again, so that nothing flickers and the reader stays where they are.
function draw(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = frame.contentDocument?.querySelector("main");
  if (!main) {
    for (const script of page.querySelectorAll("script")) script.remove(); // the frame would refuse them, and say so
    frame.addEventListener("load", drawn, { once: true });
    frame.srcdoc = `<!doctype html>${page.documentElement.outerHTML}`;
    return;
  }
  main.replaceWith(page.querySelector("main"));
  follow();
  count();
}

function drawn() {
  frame.contentDocument.addEventListener("click", (event) => {
    if (event.target.closest("a, button")) event.preventDefault();
    const link = event.target.closest("[data-level]");
    if (link) showLevel(link.dataset.level);
  });
  frame.contentWindow.addEventListener("focus", () => frame.parentElement.scrollIntoView({ block: "nearest" })); // by Tab
  size();
  if (mode() === "print") printed(frame.contentDocument);
  follow();
  count();
}

function count() {
  const doc = frame.contentDocument.getElementById("doc") ?? frame.contentDocument.querySelector("main");
  const text = doc?.textContent.trim() ?? "";
  facts(fill(words.facts, { words: text ? text.split(/\s+/).length : 0, slots: doc?.querySelectorAll("mark.slot").length ?? 0 }));
}

function facts(text) {
  document.querySelector(".look__facts").textContent = text;
}

function showLevel(wanted) {
  if (wanted === level) return;
  level = wanted;
  show();
}

// The page stands at what is being edited.
function follow() {
  const target = frame.contentDocument?.getElementById(places[current] ?? "");
  const page = frame.contentWindow;
  // Not `scrollIntoView`: that would bring the frame into view as well, and take the writer away from the field.
  if (target) page.scrollTo({ top: page.scrollY + target.getBoundingClientRect().top, behavior: "instant" });
  else if (current === "top") page.scrollTo({ top: 0, behavior: "instant" });
}

function edited({ target }) {
  if (!target.name || target.closest("#panels")) return;
  const row = target.name.match(/^(\w+-\d+)-/)?.[1] ?? "top";
  if (row === current) return;
  current = row;
  showLevel(form.elements[`${row}-level`]?.value || level); // a section of a level is shown at it
  follow();
}

const WIDTHS = { page: 1180, phone: 390, print: 794 };
const narrow = matchMedia("(max-width:40rem)");
const mode = () => document.querySelector("[data-look][aria-pressed=true]").dataset.look;

function size() {
  const box = frame.parentElement;
  const width = WIDTHS[mode()];
  const scale = Math.min(1, box.clientWidth / width);
  frame.style.inlineSize = `${width}px`;
  frame.style.blockSize = `${box.clientHeight / scale}px`;
  frame.style.transform = `scale(${scale})`;
}

// What the printer gets: the rules for print hold, those for screens do not.
function printed(doc) {
  const walk = (rules) => {
    for (const rule of rules) {
      if (rule.media?.mediaText === "print") rule.media.mediaText = "all";
      else if (rule.media && /\bscreen\b/.test(rule.media.mediaText)) rule.media.mediaText = "not all";
      if (rule.cssRules) walk(rule.cssRules);
    }
  };
  for (const sheet of doc.styleSheets) walk(sheet.cssRules);
}

function startLooking() {
  if (!frame) return;
  const press = (button) => {
    for (const other of document.querySelectorAll("[data-look]")) other.setAttribute("aria-pressed", other === button);
  };
  if (narrow.matches) press(document.querySelector("[data-look=phone]"));
  for (const button of document.querySelectorAll("[data-look]")) {
    button.addEventListener("click", () => {
      const was = mode();
      press(button);
      if ([was, mode()].includes("print")) { frame.removeAttribute("srcdoc"); frame.contentDocument?.querySelector("main")?.remove(); show(); }
      size();
    });
  }
  form.addEventListener("focusin", edited);
  // Tab leads into the frame, and the browser does not scroll to it. All that we hear is that we lost the focus.
  window.addEventListener("blur", () => {
    if (document.activeElement === frame) frame.parentElement.scrollIntoView({ block: "nearest" });
  });
  new ResizeObserver(size).observe(frame.parentElement);
  document.addEventListener("checklist:stale", (event) => { event.preventDefault(); show(); });
  show();
}

// --- what stands beside the form: one thing at a time ---

function startPanels() {
  const box = $("panels");
  if (!box) return;
  const panels = [...box.querySelectorAll(":scope > .panel")];
  const list = Object.assign(document.createElement("div"), { className: "panels__tabs chips", role: "tablist", ariaLabel: box.dataset.name });
  const tabs = panels.map((panel) => {
    const heading = panel.querySelector("h2");
    const tab = Object.assign(document.createElement("button"), { type: "button", className: "chip", role: "tab", id: `tab-${panel.id}` });
    tab.append(...heading.cloneNode(true).childNodes);
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    heading.classList.add("vh");
    tab.addEventListener("click", () => open(panel));
    return tab;
  });
  function open(panel, focus = false) {
    panels.forEach((other, index) => {
      other.hidden = other !== panel;
      tabs[index].setAttribute("aria-selected", other === panel);
      tabs[index].tabIndex = other === panel ? 0 : -1;
      if (focus && other === panel) tabs[index].focus();
    });
    sessionStorage.setItem("panel", panel.id);
    if (panel.id === "panel-preview") { size(); show(); }
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = tabs.indexOf(document.activeElement);
    if (step && here >= 0) open(panels[(here + step + panels.length) % panels.length], true);
  });
  list.append(...tabs);
  box.prepend(list);
  const named = panels.find((panel) => `#${panel.id}` === location.hash); // mails lead to one
  open(panels.find((panel) => panel.querySelector(".errors")) ?? named ?? $(sessionStorage.getItem("panel")) ?? panels[0]);
  box.addEventListener("panel:open", ({ target }) => open(target.closest(".panel")));
}

// A link to a field opens whatever it is in: a panel, a section, a group of fields.
function reveal(target) {
  target.closest("[role=tabpanel]")?.dispatchEvent(new Event("panel:open", { bubbles: true }));
  const section = target.closest(".section-row")?.querySelector(".section__open");
  if (section) section.open = true;
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  const field = target.matches(".admin-autocomplete") ? target.nextElementSibling.querySelector(".select2-selection") : target;
  if (!field.matches("a, button, input, select, summary, textarea, [tabindex]")) field.tabIndex = -1;
  const row = field.closest(".form-row") ?? field;
  row.scrollIntoView({ block: row.offsetHeight > innerHeight / 2 ? "start" : "center" });
  field.focus({ preventScroll: true });
}

function startLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const target = link?.hash.length > 1 && $(decodeURIComponent(link.hash.slice(1)));
    if (!target || !form.contains(target)) return; // a field, a section, or a panel
    event.preventDefault();
    reveal(target);
  });
}

// --- where one was, after a save ---

function startPlace() {
  const found = JSON.parse(sessionStorage.getItem("place") ?? "null");
  sessionStorage.removeItem("place");
  const isError = document.querySelector(".errornote, .messagelist .error, .messagelist .warning");
  if (found && Date.now() - found.at < 20000 && !isError) {
    const field = form.elements[found.name];
    field?.focus?.({ preventScroll: true });
    // The field stands where it stood in the window, however many lines of messages came above it.
    const top = field?.getBoundingClientRect ? scrollY + field.getBoundingClientRect().top - found.field : found.top;
    scrollTo({ top, behavior: "instant" });
  }
  form.addEventListener("submit", ({ submitter }) => {
    if (["_save", "_addanother"].includes(submitter?.name)) return; // these lead elsewhere
    const field = document.activeElement?.form === form ? document.activeElement : null;
    const stands = { name: field?.name, field: field?.getBoundingClientRect().top };
    sessionStorage.setItem("place", JSON.stringify({ at: Date.now(), top: scrollY, ...stands }));
  });
}

function start() {
  if (!form?.elements._form) return;
  if (frame) $("panel-preview").hidden = false; // it needs scripting; from now on it is a panel like the others
  startPanels();
  startLooking();
  startLinks();
  if (words.keepUrl) {
    startWindow();
    startKeeping();
  }
  startPlace();
}

// After admin.js, which puts the sections in their order and opens what was open.
if (window.django?.jQuery) django.jQuery(() => setTimeout(start));
else start();
