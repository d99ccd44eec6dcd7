// Copying: the template, or a section of it, as rich text, Markdown or plain text. Loaded at the first press, or when
// somebody chooses how much goes along.

const $$ = (selector, within) => [...within.querySelectorAll(selector)];
const BLOCKS = new Set(['P', 'LI', 'H1', 'H2', 'H3', 'H4', 'UL', 'OL', 'BLOCKQUOTE', 'SECTION', 'DIV']);
const ENTITIES = { '&': '&amp;', '<': '&lt;', '=': '&#61;', '|': '&#124;', '~': '&#126;', '\n': '<br>' };

// In Markdown, what was filled in keeps its marks: it is written otherwise than the template.
function clean(source, signs) {
  const copy = source.cloneNode(true);
  for (const element of $$('.noprint, .note, button, svg, dialog', copy)) element.remove();
  for (const cards of $$('.challenges', copy)) cards.replaceWith(...[...cards.children].flatMap((card) => [...card.childNodes]));
  for (const mark of $$(signs ? 'mark:not(.filled)' : 'mark', copy)) {
    const lines = mark.textContent.split('\n').flatMap((line) => [document.createElement('br'), line]);
    mark.replaceWith(...lines.slice(1));
  }
  for (const element of $$('*', copy)) {
    for (const name of element.getAttributeNames()) if (name !== 'href' && name !== 'start') element.removeAttribute(name);
    if (element.nodeName === 'TABLE') element.border = 1; // lines to write on
    if (element.href) element.href = element.href; // an address that also leads there from elsewhere
  }
  copy.normalize();
  return copy;
}

const title = () => document.querySelector('h1').firstChild.textContent.trim();

// A text of the template in Markdown. Its fill-in words keep their brackets.
const escaped = (text) => text.replace(/[\\`*_]/g, '\\$&').replace(/[&<~]/g, (sign) => ENTITIES[sign]);

// What was filled in, in Markdown that reads as it was typed: the rules of as_markdown in roles/fill_in.py.
const typed = (value) => value.replace(/[\\`*_[\]#]|^[+>-]/g, '\\$&').replace(/^(\d+)(?=[.)])/, '$1\\')
  .replace(/[&<|~\n]|^=/g, (sign) => ENTITIES[sign]);

// As plain text, or as Markdown where `signs` is true.
function written(node, signs, depth = 0) {
  if (node.nodeType === Node.TEXT_NODE) {
    const text = node.textContent.replace(/[ \t\r]*\n[ \t\r]*|[ \t]+/g, ' ');
    return signs ? escaped(text) : text;
  }
  if (node.nodeName === 'MARK') return typed(node.textContent);
  if (node.nodeName === 'BR') return signs ? '<br>' : '\n';
  if (node.nodeName === 'UL' || node.nodeName === 'OL') return list(node, signs, depth);
  const text = [...node.childNodes].map((child) => written(child, signs, depth)).join('');
  if (signs) {
    if (node.nodeName === 'STRONG') return `**${text}**`;
    if (node.nodeName === 'EM') return `*${text}*`;
    if (node.nodeName === 'CODE') return `\`${node.textContent}\``;
    if (node.nodeName === 'A') return `[${text}](${node.getAttribute('href')})`;
    if (/^H[1-4]$/.test(node.nodeName)) return `\n\n${'#'.repeat(Number(node.nodeName[1]))} ${text.trim()}\n\n`;
    if (node.nodeName === 'BLOCKQUOTE') return `\n\n${text.trim().replace(/^/gm, '> ')}\n\n`;
  }
  if (node.nodeName === 'TABLE') return table(node, signs);
  return BLOCKS.has(node.nodeName) ? `\n\n${text.trim()}\n\n` : text;
}

function table(node, signs) {
  const rows = [...node.rows].map(({ cells }) => [...cells].map((cell) => written(cell, signs).trim()));
  if (!signs) return `\n\n${rows.map((row) => row.join(' | ')).join('\n')}\n\n`;
  rows.splice(1, 0, rows[0].map(() => '---'));
  const cell = (text) => (text.replaceAll('|', '\\|').replaceAll('\n', ' '));
  return `\n\n${rows.map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')}\n\n`;
}

function list(node, signs, depth) {
  let number = Number(node.getAttribute('start') || 1);
  const lines = [...node.children].map((item) => {
    const text = [...item.childNodes].map((child) => written(child, signs, depth + 1)).join('').trim().replace(/\n{2,}/g, '\n');
    return `${'    '.repeat(depth)}${node.nodeName === 'OL' ? `${number++}. ` : '- '}${text}`;
  });
  return depth ? `\n${lines.join('\n')}` : `\n\n${lines.join('\n')}\n\n`;
}

const tidy = (text) => text.replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim();

// Lets the sections that were chosen go into copies and print. Files are told by their form.
export function take() {
  const extent = document.querySelector('[name=with]:checked').value;
  for (const section of $$('#doc > [data-with]', document)) {
    const goes = extent !== '' && section.dataset.with.split(' ').includes(extent);
    section.classList.toggle('noprint', !goes);
    for (const link of $$(`.toc-list a[href="#${section.id}"]`, document)) link.classList.toggle('part', goes);
  }
}

// Returns {html, text}: html only where rich text is asked for.
export function copyOf(source, how) {
  const whole = source.id === 'doc';
  if (whole) take();
  const signs = how === 'markdown';
  const copy = clean(source, signs);
  if (whole) copy.prepend(Object.assign(document.createElement('h1'), { textContent: title() }));
  const text = `${tidy(written(copy, signs))}\n`;
  if (how !== 'rich') return { text };
  return { text, html: copy.innerHTML.replace(/<\/?(section|div|header)>/g, '').replace(/\s*\n\s*/g, ' ').trim() };
}
