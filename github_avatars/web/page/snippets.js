// The same request outside the page: as a link, with curl, in Python.

import { announce, element } from "/page/element.js"
import { addressOf } from "/page/names.js"

/** A word, quoted for a shell if necessary. */
const shellQuote = (text) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** A string literal. Python has the escape sequences of JSON. */
const literal = (text) => JSON.stringify(text)

export function snippets(subject) {
  const { origin } = location
  if (subject.kind === "account") {
    const path = addressOf(subject.name)
    const json = path.includes("?") ? `/api/accounts?login=${encodeURIComponent(subject.name)}` : `${path}.json`
    return {
      link: origin + path,
      json,
      curl: `curl ${shellQuote(origin + json)}`,
      python:
        "from github_avatars import classify, github\n\n" +
        `print(classify(github.fetch(${literal(subject.name)}).data))\n`,
    }
  }
  if (subject.kind === "picture") {
    return {
      curl: `curl --data-binary ${shellQuote(`@${subject.name}`)} ${origin}/api/pictures`,
      python: `from github_avatars import classify\n\nprint(classify(${literal(subject.name)}))\n`,
    }
  }
  const path = `/api/examples/${encodeURIComponent(subject.name)}`
  return { link: `${origin}/?example=${encodeURIComponent(subject.name)}`, json: path, curl: `curl ${origin}${path}` }
}

/** The row of buttons below an answer. */
export function tools(subject) {
  const { link, json, curl, python } = snippets(subject)
  const fallback = element("textarea", { readOnly: true, hidden: true, rows: 4, "aria-label": "Text to copy" })
  const copyButton = (title, name, text) =>
    text &&
    element("button", {
      type: "button",
      textContent: title,
      onclick: (event) => copy(event.target, name, text, fallback),
    })
  return element(
    "div",
    { className: "snippets" },
    element(
      "p",
      { className: "tools" },
      copyButton("Copy link", "The link", link),
      copyButton("Copy as curl", "The curl command", curl),
      copyButton("Copy as Python", "The Python code", python),
      json && element("a", { className: "button", href: json, textContent: "JSON" }),
    ),
    fallback,
  )
}

/** Copy text. If the clipboard is not available, show and select the text instead. */
async function copy(button, name, text, fallback) {
  const title = button.textContent
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = "Copied"
    announce(`${name} is copied.`)
    setTimeout(() => {
      button.textContent = title
    }, 1500)
  } catch {
    fallback.value = text
    fallback.hidden = false
    fallback.select()
    announce(`${name} is selected and can be copied.`)
  }
}
