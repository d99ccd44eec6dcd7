// The fill-in panel: what is typed stands in the template at once, and in the next one. It never leaves the browser,
// except for a download, which is made of it and not kept.

const KEPT = 'fill-ins';
const panel = document.querySelector('#fill');
const form = panel.querySelector('form');
const said = document.querySelector('#said');
const own = (name) => (name.startsWith('own-') ? `${panel.dataset.template} ${name}` : name);
const normal = (word) => word.trim().replace(/\s+/g, ' ').toLowerCase();

function kept() {
  try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
}

function keep(values) {
  try {
    if (Object.keys(values).length) localStorage.setItem(KEPT, JSON.stringify(values));
    else localStorage.removeItem(KEPT);
  } catch { /* a browser that keeps nothing: the page is filled in all the same */ }
}

// Which marks each field fills, by its spellings.
const marks = new Map();
for (const mark of document.querySelectorAll('#doc mark.slot')) {
  if (panel.contains(mark)) continue;
  mark.dataset.slot ??= mark.textContent.slice(1, -1);
  const word = normal(mark.dataset.slot);
  marks.set(word, [...(marks.get(word) || []), mark]);
}
const fields = [...form.querySelectorAll('.input')];
const marksOf = (field) => [...field.closest('.field').querySelectorAll('data')].flatMap((word) => marks.get(normal(word.value)) || []);

function show(field) {
  const value = field.value.trim();
  for (const mark of marksOf(field)) {
    mark.textContent = value || `[${mark.dataset.slot}]`;
    mark.classList.toggle('filled', Boolean(value));
  }
}

function write(field) {
  const values = kept();
  if (field.value.trim()) values[own(field.name)] = field.value;
  else delete values[own(field.name)];
  keep(values);
  show(field);
}

form.addEventListener('input', ({ target }) => write(target));

form.addEventListener('submit', (event) => event.preventDefault());

form.querySelector('[data-clear]').addEventListener('click', ({ target }) => {
  keep({});
  for (const field of fields) { field.value = ''; show(field); }
  said.textContent = target.dataset.done;
  setTimeout(() => { said.textContent = ''; }, 4000);
  fields[0].focus();
});

// A file of the template with what was filled in.
document.querySelector('#take').addEventListener('submit', (event) => {
  if (event.target.method !== 'post' && !fields.some((field) => field.value.trim())) return;
  event.preventDefault();
  form.elements.with.value = event.target.elements.with.value;
  form.action = event.submitter.formAction;
  form.submit();
});

const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: panel.dataset.stylesheet });
document.head.append(style);
const before = kept();
for (const field of fields) {
  if (field.value !== field.defaultValue) { write(field); continue; } // typed while this script was on its way
  field.value = before[own(field.name)] ?? field.value;
  if (field.value) show(field);
}
