// One account after the other: its picture, what the model says, and what the person says.

const element = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("[data-saying]")];
const said = [];
let account = null;
let busy = false;

const KEYS = new Map([
  ["l", element("later")],
  ["z", element("back")],
  ...buttons.map((button) => [button.getAttribute("aria-keyshortcuts"), button]),
]);

async function ask(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error((await response.json()).message);
  return response.status === 204 ? null : response.json();
}

function tell(message) {
  element("problem").textContent = message;
  element("problem").hidden = !message;
}

async function show(after) {
  const found = await ask(`/api/next?after=${after}`);
  account = found.account;
  tell("");
  element("left").textContent = account ? `${found.left.toLocaleString("en")} to review` : "Nothing is left to review.";
  element("account").hidden = !account;
  element("back").disabled = !said.length;
  if (!account) return;
  const reason = account.verified === false ? ", and its identicon is not the account’s own" : "";
  element("name").textContent = account.name;
  element("said").textContent = `judged ${account.label}, default with ${(100 * account.probability).toFixed(1)} %${reason}`;
  allow(false);
  element("picture").src = `/api/pictures/${account.number}`;
}

// What has not been seen cannot be labelled.
function allow(seen) {
  for (const button of buttons) button.disabled = !seen;
}

// One thing at a time, lest a key that is pressed twice label the next account unseen.
async function alone(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } catch (error) {
    tell(error.message);
  } finally {
    busy = false;
  }
}

element("picture").addEventListener("load", () => allow(true));
element("picture").addEventListener("error", async () => {
  const { number } = account;
  const response = await fetch(`/api/pictures/${number}`);
  if (account?.number === number) tell(response.ok ? "The browser cannot show this picture." : (await response.json()).message);
});

for (const button of buttons) {
  button.addEventListener("click", () => alone(async () => {
    await ask(`/api/labels/${account.number}`, { method: "PUT", body: button.dataset.saying });
    said.push(account.number);
    await show(account.number);
  }));
}

element("later").addEventListener("click", () => alone(() => show(account.number)));
element("back").addEventListener("click", () => alone(async () => {
  const number = said.pop();
  await ask(`/api/labels/${number}`, { method: "DELETE" });
  await show(number - 1);
}));

document.addEventListener("keydown", (event) => {
  const button = KEYS.get(event.key);
  if (!button || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (!button.disabled && button.checkVisibility()) button.click();
});

alone(() => show(0));
