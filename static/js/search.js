// Results while the visitor types: the library's own page for the words, of which the list takes the place of this one.
// site.js loads this when the field is first entered. Without it, the button sends the form.

const field = document.querySelector('#q');
const said = document.querySelector('#said');
const PAUSE = 200; // milliseconds without a key
const MEANT = 3000; // after so long, words without a result are what somebody looked for, and count
let asked = new AbortController();
let waiting = 0;
let shown = field.defaultValue.trim(); // the words for which the page was made

function address(words) {
  const url = new URL(field.form.action);
  for (const [name, value] of new FormData(field.form)) if (name !== 'q') url.searchParams.set(name, value);
  if (words) url.searchParams.set('q', words);
  return url;
}

async function fetchPage(url, headers) {
  asked.abort();
  asked = new AbortController();
  const answer = await fetch(url, { credentials: 'same-origin', headers, signal: asked.signal });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

function put(page, url) {
  const list = page.querySelector('.library');
  document.querySelector('.library').replaceWith(list);
  document.title = page.title;
  history.replaceState(history.state, '', url);
  said.textContent = list.querySelector('#results').textContent.trim();
}

async function search() {
  const words = field.value.trim();
  if (words === shown) return;
  const url = address(words);
  try {
    const page = await fetchPage(url, { 'X-Typing': '1' });
    if (words !== field.value.trim()) return;
    put(page, url);
    shown = words;
    if (words && !page.querySelector('.roles mark')) waiting = setTimeout(() => fetchPage(url).catch(() => {}), MEANT);
  } catch { /* the next letter or the button tries again */ }
}

field.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, PAUSE);
});
field.form.addEventListener('submit', () => clearTimeout(waiting));
search(); // for what was typed while this script was on its way
