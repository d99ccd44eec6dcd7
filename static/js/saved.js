// Saved templates: kept in this browser alone, as {id, path, title}, oldest first. Entries of before are bare ids.

const KEY = 'saved-templates';
const MOST = 200;

function saved() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(list) ? list.map((one) => (typeof one === 'string' ? { id: one } : one)).filter((one) => one?.id) : [];
  } catch { return []; }
}

function keep(list) {
  try {
    if (list.length) localStorage.setItem(KEY, JSON.stringify(list.slice(-MOST)));
    else localStorage.removeItem(KEY);
  } catch { /* a browser that keeps nothing */ }
}

// The Save button of a template.
export function toggle({ save: id, path, title }) {
  const list = saved();
  const others = list.filter((one) => one.id !== id);
  keep(others.length < list.length ? others : [...others, { id, path, title }]);
}

// --- The page that lists them. A link to a list has its ids after the #, which browsers send to nobody. ---
const page = document.querySelector('#saved');
const part = (name) => page.querySelector(`[data-part=${name}]`);
const said = document.querySelector('#said');
const inLink = () => location.hash.slice(1).split(',').filter((id) => /^[0-9a-f-]{36}$/.test(id)).slice(0, MOST);
const isOurs = (path) => { try { return new URL(path, location.origin).origin === location.origin; } catch { return false; } };
let listed = [];

// Bare ids get their names from the list of all templates: what is asked for does not tell which ones were saved.
async function named(list) {
  if (list.every((one) => one.title)) return list;
  try {
    const index = await (await fetch(page.dataset.index, { credentials: 'omit' })).json();
    return list.map((one) => (one.title || !index[one.id] ? one : { id: one.id, path: index[one.id][0], title: index[one.id][1] }));
  } catch { return list; }
}

function row({ id, path, title }, isMine) {
  const item = part('list').querySelector('template').content.firstElementChild.cloneNode(true);
  const link = item.querySelector('a');
  const button = item.querySelector('button');
  link.href = path;
  link.textContent = button.querySelector('span').textContent = title;
  button.value = id;
  button.hidden = !isMine;
  return item;
}

async function show() {
  const sent = inLink();
  const isMine = !sent.length;
  listed = await named(isMine ? saved() : sent.map((id) => ({ id })));
  if (isMine) keep(listed);
  const there = listed.filter((one) => one.title && isOurs(one.path));
  if (isMine) there.reverse();
  for (const item of part('list').querySelectorAll('li')) item.remove();
  part('list').append(...there.map((one) => row(one, isMine)));
  part('sent').hidden = isMine || !there.length;
  part('none').hidden = !isMine || listed.length > 0;
  part('acts').hidden = !isMine || !listed.length;
  part('elsewhere').hidden = there.length === listed.length;
  part('elsewhere').querySelector('b').textContent = listed.length - there.length;
  page.hidden = false;
}

let saying;
function tell(words) {
  said.textContent = words;
  clearTimeout(saying);
  saying = setTimeout(() => { said.textContent = ''; }, 4000);
}

function say(button, words) {
  const label = button.querySelector('span');
  label.dataset.before ??= label.textContent;
  label.textContent = words;
  tell(words);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { label.textContent = label.dataset.before; }, 4000);
}

const acts = {
  async remove(button) {
    keep(saved().filter((one) => one.id !== button.value));
    const next = button.closest('li').nextElementSibling?.querySelector('button').value;
    const words = `${button.dataset.done}: ${button.querySelector('span').textContent}`;
    await show();
    (page.querySelector(`button[value="${next}"]`) || page.querySelector('button[value], [data-part=none] a')).focus();
    tell(words);
  },
  async clear(button) {
    if (button.querySelector('span').textContent !== button.dataset.sure) {
      say(button, button.dataset.sure);
      return;
    }
    keep([]);
    await show();
    part('none').querySelector('a').focus();
    tell(button.dataset.done);
  },
  async link(button) {
    const link = `${location.origin}${location.pathname}#${listed.map((one) => one.id).join(',')}`;
    try { await navigator.clipboard.writeText(link); } catch { say(button, said.dataset.failed); return; }
    say(button, button.dataset.done);
  },
  async keep() {
    const mine = saved();
    const fresh = listed.filter((one) => one.title && !mine.some((other) => other.id === one.id));
    keep([...mine, ...fresh.reverse()]);
    history.replaceState(null, '', location.pathname);
    await show();
    page.querySelector('li a').focus();
  },
};

if (page) {
  page.addEventListener('click', (event) => {
    const button = event.target.closest('[data-act]');
    if (button) acts[button.dataset.act](button);
  });
  window.addEventListener('hashchange', show);
  show();
}
