// The cookie choice. Before a press nothing is stored, and nothing is asked of another host (COO-1 to COO-11).
// The choice is one cookie, "version.categories.time.id"; a browser's Global Privacy Control is stronger than it.

const notice = document.getElementById('cookies');
const opener = document.getElementById('cookies-open');
const { cookie: NAME, version, text, url, pixel, sheet } = notice.dataset;
const part = (name) => document.getElementById(`cookies-${name}`);
const buttons = [...notice.querySelectorAll('button')];
const choose = buttons[2];
const boxes = [...notice.querySelectorAll('input:not(:disabled)')];
const offered = boxes.map((box) => box.value);
const gpc = navigator.globalPrivacyControl === true;
const KEPT = 182 * 86400; // seconds; then we ask again (COO-4)
const SHAPE = /^([0-9a-f]{8})\.([a-z+]{0,60})\.([0-9]{10})\.([0-9a-f]{32})$/;
const MARKETING = 'marketing';
const LEAD = 'lead';
const storage = (() => { try { return sessionStorage; } catch { return null; } })();

const now = () => Math.floor(Date.now() / 1000);
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, '0')).join('');
const cookies = () => document.cookie.split('; ').map((pair) => pair.split('='));

// What the cookie says; null for none, a forged or oversized one, an old one, or one about other vendors.
function read() {
  const [, said, categories, time, id] = cookies().find(([name]) => name === NAME)?.[1]?.match(SHAPE) || [];
  const age = now() - time;
  if (said !== version || !(age > -600 && age < KEPT)) return null;
  return { id, categories: categories.split('+').filter((name) => offered.includes(name)) };
}

function write(id, categories) {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  const value = `${version}.${categories.join('+')}.${now()}.${id}`;
  document.cookie = `${NAME}=${value}; Path=/; Max-Age=${KEPT}; SameSite=Lax${secure}`;
}

// Keep the proof on the server, and return the categories that hold. Without a proof nothing is loaded (COO-6).
async function prove(id, categories) {
  const body = new URLSearchParams({ id, text, categories: categories.join(' ') });
  const answer = await fetch(url, { method: 'POST', body, credentials: 'omit', keepalive: true });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).categories;
}

async function decide(wanted) {
  const before = read();
  const id = before?.id || random();
  let agreed = [];
  try {
    agreed = await prove(id, wanted);
  } catch {
    if (wanted.length) { part('failed').textContent = notice.dataset.failed; return; }
  }
  write(id, agreed);
  hide();
  if (agreed.includes(MARKETING)) { load(); return; }
  forget();
  if (window.fbq) location.reload(); // loaded code goes as well (COO-10)
}

// --- the notice: not a dialog; the page stays usable (COO-8) ---
let asked;

function show(open) {
  asked = open;
  const reveal = () => {
    notice.hidden = false;
    if (open) part('title').focus();
  };
  part('failed').textContent = '';
  part('gpc').hidden = !gpc;
  for (const box of boxes) {
    box.checked = Boolean(read()?.categories.includes(box.value)) && !(gpc && box.value === MARKETING);
    box.disabled = gpc && box.value === MARKETING;
  }
  if (open) unfold();
  if (document.querySelector(`link[href="${sheet}"]`)) { reveal(); return; }
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: sheet, onload: reveal });
  document.head.append(link);
}

function unfold() {
  part('choices').hidden = false;
  choose.textContent = choose.dataset.unfolded;
  choose.value = 'save';
}

function hide() {
  const inside = notice.contains(document.activeElement);
  notice.hidden = true;
  if (inside && asked) opener.focus({ preventScroll: true });
}

notice.addEventListener('click', ({ target }) => {
  const act = target.closest('button')?.value;
  if (act === 'reject') decide([]);
  else if (act === 'accept') decide(offered);
  else if (act === 'save') decide(boxes.filter((box) => box.checked).map((box) => box.value));
  else if (act === 'choose') { unfold(); boxes[0].focus(); }
});
// Escape is no answer: the next page asks again.
notice.addEventListener('keydown', ({ key }) => { if (key === 'Escape') hide(); });

// --- the pixel: asked for only here, only after a yes; no automatic collection of buttons and forms ---
function load() {
  if (window.fbq) return;
  const fbq = (...call) => { if (fbq.callMethod) fbq.callMethod(...call); else fbq.queue.push(call); };
  Object.assign(fbq, { push: fbq, loaded: true, version: '2.0', queue: [] });
  window.fbq = window._fbq = fbq;
  fbq('set', 'autoConfig', false, pixel);
  fbq('init', pixel);
  fbq('track', 'PageView');
  const sent = document.querySelector('[data-lead]') && storage?.getItem(LEAD);
  if (sent) {
    storage.removeItem(LEAD);
    fbq('track', 'Lead', {}, { eventID: sent });
  }
  document.head.append(Object.assign(document.createElement('script'), { src: 'https://connect.facebook.net/en_US/fbevents.js', async: true }));
  for (const form of document.querySelectorAll('form[data-work]')) form.addEventListener('submit', giveId);
}

// One id for the pixel and the server: a sent form counts once (COO-13).
function giveId(event) {
  if (event.defaultPrevented) return; // a second press
  const form = event.currentTarget;
  const id = random();
  const field = form.elements.event_id || Object.assign(document.createElement('input'), { type: 'hidden', name: 'event_id' });
  field.value = id;
  form.append(field);
  storage?.setItem(LEAD, id);
}

function forget() {
  const hosts = location.hostname.split('.').map((_, at, parts) => `; Domain=${parts.slice(at).join('.')}`);
  for (const [key] of cookies()) {
    if (key !== '_fbp' && key !== '_fbc') continue;
    for (const domain of ['', ...hosts]) document.cookie = `${key}=; Path=/; Max-Age=0${domain}`;
  }
  storage?.removeItem(LEAD);
}

const choice = read();
const yes = choice?.categories.includes(MARKETING);
if (yes && gpc) decide([]);
else if (yes) load();
else {
  forget();
  if (!choice && !gpc) show();
}
if (opener) {
  opener.parentElement.hidden = false;
  opener.addEventListener('click', () => show(true));
}
