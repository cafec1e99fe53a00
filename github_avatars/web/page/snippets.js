// The same question asked elsewhere: as a link, with curl, in Python.

import { element, say } from "/page/element.js"

/** A word as a shell reads it. */
const quoted = (text) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** A text as Python reads it; what JSON escapes, Python does the same way. */
const literal = (text) => JSON.stringify(text)

export function snippets(subject) {
  const { origin } = location
  if (subject.kind === "account") {
    const path = `/${encodeURIComponent(subject.name)}`
    return {
      link: origin + path,
      json: `${path}.json`,
      curl: `curl ${quoted(`${origin}${path}.json`)}`,
      python:
        "from github_avatars import classify, github\n\n" +
        `print(classify(github.fetch(${literal(subject.name)}).data))\n`,
    }
  }
  if (subject.kind === "picture") {
    return {
      curl: `curl --data-binary ${quoted(`@${subject.name}`)} ${origin}/api/pictures`,
      python: `from github_avatars import classify\n\nprint(classify(${literal(subject.name)}))\n`,
    }
  }
  const path = `/api/examples/${encodeURIComponent(subject.name)}`
  return { link: `${origin}/?example=${encodeURIComponent(subject.name)}`, json: path, curl: `curl ${origin}${path}` }
}

/** The row of buttons below an answer. */
export function tools(subject) {
  const { link, json, curl, python } = snippets(subject)
  const shown = element("textarea", { readOnly: true, hidden: true, rows: 4, "aria-label": "To copy" })
  const copier = (title, what, text) =>
    text &&
    element("button", {
      type: "button",
      textContent: title,
      onclick: (event) => copy(event.target, what, text, shown),
    })
  return element(
    "div",
    { className: "elsewhere" },
    element(
      "p",
      { className: "tools" },
      copier("Copy link", "The link", link),
      copier("Copy as curl", "The curl command", curl),
      copier("Copy as Python", "The Python code", python),
      json && element("a", { className: "button", href: json, textContent: "JSON" }),
    ),
    shown,
  )
}

/** Where the clipboard is not to be had, the text is shown and selected instead. */
async function copy(button, what, text, shown) {
  const title = button.textContent
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = "Copied"
    say(`${what} is copied.`)
    setTimeout(() => {
      button.textContent = title
    }, 1500)
  } catch {
    shown.value = text
    shown.hidden = false
    shown.select()
    say(`${what} is selected, ready to be copied.`)
  }
}
