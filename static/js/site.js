// What scripting adds. Every page reads and every form submits without it.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- Counts: what happens, never who does it (COO-14). Pages not to be listed are not counted. ---
const canonical = $('link[rel=canonical]');

function count(what, form) {
  if (!canonical) return;
  const body = new URLSearchParams({ what, page: new URL(canonical.href).pathname, cta: form && $('[name=cta]', form)?.value || '' });
  fetch('/count/', { method: 'POST', body, credentials: 'omit', keepalive: true }).catch(() => {});
}

function countForms() {
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) { watcher.unobserve(target); count('form', target); }
    }
  }, { threshold: 0.3 });
  for (const form of $$('main form[data-work]')) watcher.observe(form);
}

// --- Say what is done: on the button for four seconds, and to screen readers. ---
function say(button, words) {
  const label = $('span', button) || button;
  label.dataset.before ??= label.textContent;
  label.textContent = $('#said').textContent = words;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { label.textContent = label.dataset.before; $('#said').textContent = ''; }, 4000);
}

// A browser may refuse.
async function put(button, write) {
  try { await write(); say(button, button.dataset.done); } catch { say(button, $('#said').dataset.failed); }
}

// --- Copy: what is in the copy, as rich and plain text, or as was chosen last. Written before it is there: Safari. ---
let how = 'rich';

async function copy(button) {
  how = button.dataset.as || (button.dataset.copy === '#doc' ? 'rich' : how);
  const made = import($('#doc').dataset.take).then(({ copyOf }) => copyOf($(button.dataset.copy), how));
  const part = async (type, name) => new Blob([(await made)[name]], { type });
  const item = { 'text/plain': part('text/plain', 'text') };
  if (how === 'rich') item['text/html'] = part('text/html', 'html');
  try { await navigator.clipboard.write([new ClipboardItem(item)]); } catch { await navigator.clipboard.writeText((await made).text); }
}

// --- Save: in this browser only, by saved.js, which comes with the first press. ---
function show(button) {
  let saved;
  try { saved = localStorage.getItem('saved-templates').includes(button.dataset.save); } catch { /* none */ }
  button.classList.toggle('saved', !!saved);
  const label = $('span', button);
  label.dataset.before ??= label.textContent;
  label.textContent = saved ? button.dataset.done : label.dataset.before;
  return button.dataset[saved ? 'done' : 'undone'];
}

// --- A menu that is left closes. ---
function closeMenus({ target }) {
  for (const menu of $$('details.menu[open]')) if (!menu.contains(target)) menu.open = false;
}
document.addEventListener('focusin', closeMenus);

// --- All presses. ---
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy], [data-share], [data-save], [data-enlarge], .toc-bar a');
  if (event.target.closest('[data-file]')) count('download');
  const native = navigator.share && event.target.closest('[data-native]');
  if (native) {
    event.preventDefault();
    navigator.share({ title: document.title, text: $('meta[name=description]').content, url: native.dataset.native }).catch(() => {});
  }
  closeMenus(event);
  if (!button) return;
  if ('copy' in button.dataset) put(button, async () => { await copy(button); count('copy'); });
  else if ('share' in button.dataset) put(button, () => navigator.clipboard.writeText(button.dataset.share || location.href));
  else if ('save' in button.dataset) {
    (await import(button.dataset.script)).toggle(button.dataset);
    $('#said').textContent = show(button);
  }
  else if ('enlarge' in button.dataset) {
    event.preventDefault();
    const dialog = document.getElementById(button.dataset.enlarge);
    dialog.showModal();
    dialog.addEventListener('click', (press) => { if (press.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => button.focus(), { once: true });
  } else $('.toc-bar').open = false;
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of $$('details.menu[open], details.toc-bar[open]')) {
    menu.open = false;
    $('summary', menu).focus();
  }
});

// --- The contents follow the reader. ---
function follow() {
  const links = $$('.toc-list a');
  const visible = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) visible[isIntersecting ? 'add' : 'delete'](target.id);
    const current = links.find((link) => visible.has(link.hash.slice(1)))?.hash;
    if (!current) return;
    for (const link of links) {
      if (link.hash === current) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }, { rootMargin: '-15% 0px -60% 0px' });
  for (const section of $$('.prose > section[id]')) watcher.observe(section);
}

// --- Forms: where the visitor came from; one press is enough. ---
function prepare(form) {
  const referrer = $('[name=referrer]', form);
  try {
    const { host } = new URL(document.referrer);
    if (referrer && host !== location.host) referrer.value = host;
  } catch { /* no referrer */ }
  form.addEventListener('focusin', () => { form.begun ??= begin(form).then(() => { form.dataset.ripe = 'yes'; }); });
  form.addEventListener('submit', (event) => send(form, event));
}

// A ticket says when a form was begun; where many come at once, there is work to do for it.
async function begin(form) {
  try {
    const answer = await fetch('/forms/ticket/', { credentials: 'omit' });
    const { ticket, wait, challenge } = await answer.json();
    const old = new Promise((done) => { setTimeout(done, wait); });
    const work = challenge ? await (await import(form.dataset.work)).solve(challenge) : '';
    await old;
    $('[name=ticket]', form).value = ticket;
    $('[name=work]', form).value = work;
  } catch { /* sent as without scripting */ }
}

function busy(button) {
  if (button.getAttribute('aria-busy')) return;
  button.setAttribute('aria-busy', 'true');
  button.dataset.before = button.textContent;
  button.textContent = $('#said').textContent = button.form.dataset.busy;
}

// When it is ready, and never twice.
function send(form, event) {
  const button = event.submitter || $('[type=submit]', form);
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.dataset.ripe || !form.begun) { form.dataset.sent = 'yes'; busy(button); return; }
  event.preventDefault();
  if (button.getAttribute('aria-busy')) return;
  busy(button);
  const late = new Promise((done) => { setTimeout(done, 8000); });
  // Later: while an event is told, a form that asks to be sent is not heard.
  Promise.race([form.begun, late]).then(() => { form.dataset.ripe = 'yes'; setTimeout(() => form.requestSubmit(event.submitter)); });
}

// Back finds a form that works.
window.addEventListener('pageshow', () => {
  for (const form of $$('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of $$('[aria-busy]', form)) {
      button.removeAttribute('aria-busy');
      button.textContent = button.dataset.before;
    }
  }
});

// Campaign words travel to the form in its address: nothing is stored.
function carryCampaign() {
  const campaign = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('utm_'));
  if (!campaign.length) return;
  for (const link of $$('a[href*="cta="], a[href*="/consultation/"]')) {
    const url = new URL(link.href);
    for (const [name, value] of campaign) url.searchParams.set(name, value);
    link.href = url;
  }
}

// --- The fill-in panel comes when it is open, or something was filled in before. ---
const panel = $('#fill');
function fillIn() { import(panel.dataset.script); }
if (panel) {
  panel.addEventListener('toggle', fillIn, { once: true });
  try { if (panel.open || localStorage.getItem('fill-ins')) fillIn(); } catch { /* no storage */ }
}

$('#with')?.addEventListener('change', async () => (await import($('#doc').dataset.take)).take());
$('#q[data-script]')?.addEventListener('focus', ({ target }) => import(target.dataset.script), { once: true });

$$('[data-save]').forEach(show);
$$('form[data-busy]').forEach(prepare);
if ($('.toc-list')) follow();
carryCampaign();
countForms();
if (document.prerendering) document.addEventListener('prerenderingchange', () => count('view'), { once: true });
else count('view');
