// How much of a template is taken away: files are told by the form, copies and print by the page itself.

export function take(extent) {
  for (const section of document.querySelectorAll('#doc > [data-with]')) {
    const goes = extent !== '' && section.dataset.with.split(' ').includes(extent);
    section.classList.toggle('noprint', !goes);
    for (const link of document.querySelectorAll(`.toc-list a[href="#${section.id}"]`)) link.classList.toggle('part', goes);
  }
}
