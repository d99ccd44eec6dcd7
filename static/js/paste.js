// Keeps the formatting of a pasted text beside its words, until somebody changes the words by hand.

const text = document.querySelector('#id_pasted');
const html = document.querySelector('#id_pasted_html');
const state = document.querySelector('#pasted-state');

text?.addEventListener('paste', (event) => {
  const pasted = event.clipboardData?.getData('text/html');
  html.value = pasted && !text.value.trim() ? pasted : '';
  text.dataset.pasting = '1';
});
text?.addEventListener('input', () => {
  if (!text.dataset.pasting && html.value) {
    html.value = '';
    state.textContent = text.value ? state.dataset.changed : '';
  } else if (text.dataset.pasting) {
    state.textContent = html.value ? state.dataset.kept : '';
  }
  delete text.dataset.pasting;
});
