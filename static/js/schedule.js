// The buttons that take a time say which one: "Publish on 3 Nov at 09:00, Warsaw time". Without it they say "at this time".

const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

function words(button) {
  const [date, time] = ["0", "1"].map((part) => document.getElementById(`id_${button.dataset.time}_${part}`)?.value.trim() ?? "");
  const [, year, month, day] = date.match(/^(\d{4})-(\d{1,2})-(\d{1,2})$/) ?? [];
  const [, hour, minute] = time.match(/^(\d{1,2}):(\d{2})(?::\d{2})?$/) ?? [];
  if (!day || !hour) return null;
  const format = { day: "numeric", month: "short", timeZone: "UTC" };
  if (Number(year) !== new Date().getFullYear()) format.year = "numeric";
  const shown = new Intl.DateTimeFormat(language, format).format(Date.UTC(year, month - 1, day));
  return button.dataset.words.replace("{date}", shown).replace("{time}", `${hour.padStart(2, "0")}:${minute}`);
}

const buttons = [...document.querySelectorAll("button[data-time]")].map((button) => {
  const label = button.querySelector("span");
  return { button, label, plain: label.textContent };
});
const show = () => buttons.forEach(({ button, label, plain }) => {
  const text = words(button) ?? plain;
  if (label.textContent !== text) label.textContent = text;
});

// Django's calendar and clock write into the fields without an event of their own; a click or a move of the focus follows.
for (const name of ["input", "change", "click", "focusin"]) document.addEventListener(name, () => queueMicrotask(show));
show();
