// Passkeys: hands the server's question to the browser, and the key's answer to the form that is sent (SEC-9).

const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const withIds = (keys) => keys?.map((key) => ({ ...key, id: fromText(key.id) }));

function forBrowser(options) {
  const asked = { ...options.publicKey, challenge: fromText(options.publicKey.challenge) };
  if (asked.user) asked.user = { ...asked.user, id: fromText(asked.user.id) };
  if (asked.excludeCredentials) asked.excludeCredentials = withIds(asked.excludeCredentials);
  if (asked.allowCredentials) asked.allowCredentials = withIds(asked.allowCredentials);
  return { publicKey: asked };
}

function forServer(key) {
  const answer = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (key.response[name]) answer[name] = toText(key.response[name]);
  }
  return JSON.stringify({
    id: key.id,
    rawId: toText(key.rawId),
    type: key.type,
    response: answer,
    clientExtensionResults: key.getClientExtensionResults(),
    authenticatorAttachment: key.authenticatorAttachment,
  });
}

async function question(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).request_options;
}

function start(form) {
  const said = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    said.textContent = "";
    try {
      const asked = forBrowser(await question(form));
      const key = await navigator.credentials[form.dataset.passkey](asked);
      form.elements.credential.value = forServer(key);
      form.submit();
    } catch (error) {
      // Whoever closed the browser's window knows it; anything else is said in one sentence.
      said.textContent = error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed;
      button.removeAttribute("aria-busy");
      button.focus();
    }
  });
}

if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(start);
else document.querySelectorAll("[data-no-passkeys]").forEach((words) => { words.hidden = false; });
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
