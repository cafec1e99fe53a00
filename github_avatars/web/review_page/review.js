// One account after the other: its picture, the model's verdict, and buttons for the person's label.

const element = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("[data-label]")];
const labeled = [];
let account = null;
let busy = false;

const KEYS = new Map([
  ["l", element("later")],
  ["z", element("undo")],
  ...buttons.map((button) => [button.getAttribute("aria-keyshortcuts"), button]),
]);

async function request(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error((await response.json()).message);
  return response.status === 204 ? null : response.json();
}

function showProblem(message) {
  element("problem").textContent = message;
  element("problem").hidden = !message;
}

async function showNext(after) {
  const next = await request(`/api/next?after=${after}`);
  account = next.account;
  showProblem("");
  element("left").textContent = account ? `${next.left.toLocaleString("en")} to review` : "Nothing is left to review.";
  element("account").hidden = !account;
  element("undo").disabled = !labeled.length;
  if (!account) return;
  const mismatch = account.verified === false ? ", but the identicon is not the account’s own" : "";
  element("name").textContent = account.name;
  element("verdict").textContent =
    `classified as ${account.label}, probability of default ${(100 * account.probability).toFixed(1)} %${mismatch}`;
  enable(false);
  element("picture").src = `/api/pictures/${account.number}`;
}

// An account can only be labeled when its picture is visible.
function enable(isVisible) {
  for (const button of buttons) button.disabled = !isVisible;
}

// One action at a time: otherwise a key that is pressed twice would label the next account too.
async function exclusively(action) {
  if (busy) return;
  busy = true;
  try {
    await action();
  } catch (error) {
    showProblem(error.message);
  } finally {
    busy = false;
  }
}

element("picture").addEventListener("load", () => enable(true));
element("picture").addEventListener("error", async () => {
  const { number } = account;
  const response = await fetch(`/api/pictures/${number}`);
  const message = response.ok ? "The browser cannot show this picture." : (await response.json()).message;
  if (account?.number === number) showProblem(message);
});

for (const button of buttons) {
  button.addEventListener("click", () => exclusively(async () => {
    await request(`/api/labels/${account.number}`, { method: "PUT", body: button.dataset.label });
    labeled.push(account.number);
    await showNext(account.number);
  }));
}

element("later").addEventListener("click", () => exclusively(() => showNext(account.number)));
element("undo").addEventListener("click", () => exclusively(async () => {
  const number = labeled.pop();
  await request(`/api/labels/${number}`, { method: "DELETE" });
  await showNext(number - 1);
}));

document.addEventListener("keydown", (event) => {
  const button = KEYS.get(event.key);
  if (!button || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (!button.disabled && button.checkVisibility()) button.click();
});

exclusively(() => showNext(0));
