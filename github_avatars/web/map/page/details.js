// The panel about an account or a disc, and the dialog with an account's picture.

import { announce, element } from "../../page/element.js"
import { data, isWebAddress, nameOf, neighborsOf, number, plural, profileOf, valueOf, VERDICTS, verdictOf } from "./data.js"
import { hasPicture, pictureCanvas } from "./pictures.js"

const MAX_NEIGHBORS = 30
const MAX_DISCS = 20
const HIDDEN = new Set(["login", "label"])

const panel = document.getElementById("details")
const dialog = document.getElementById("picture")

/** Show the discs. */
export function clear() {
  panel.replaceChildren(
    element("p", { className: "faint", textContent: `Point at ${data.grouped ? "a circle" : "an account"} to see its row.` }),
    list(data.discs.slice(0, MAX_DISCS).map((disc) => [disc.name, `${number(disc.size)}, ${percent(disc.default, disc.size)} default`])),
  )
}

const list = (entries) =>
  element(
    "dl",
    {},
    ...entries.flatMap(([term, text]) => [element("dt", { textContent: term }), element("dd", { textContent: text })]),
  )

const verdictText = (account) => {
  const probability = valueOf(account, "probability") ?? null
  const status = valueOf(account, "status")
  return probability === null
    ? `not classified: ${status}`
    : `${verdictOf(account)}, probability of default ${probability.toFixed(probability > 0.01 && probability < 0.99 ? 2 : 4)}`
}

const communityText = (account) => data.communities[account] === null ? "none" : number(data.communities[account])

const link = (href, text) =>
  href && element("a", { href, textContent: text, target: "_blank", rel: "noopener noreferrer" })

/** Show the row of an account. `choose` selects one of its neighbors. */
export function showAccount(account, choose) {
  const profile = profileOf(account)
  const href = valueOf(account, "href")
  panel.replaceChildren(
    element(
      "div",
      { className: "head" },
      hasPicture(account) && named(pictureCanvas(account, 72), `The avatar of ${nameOf(account)}`),
      element(
        "div",
        {},
        element("h2", { textContent: nameOf(account) }),
        element("p", { className: `verdict-text ${verdictOf(account)}`, textContent: verdictText(account) }),
      ),
    ),
    element(
      "p",
      { className: "links" },
      link(profile, "Profile"),
      isWebAddress(href) && link(href, "Picture"),
    ),
    rowList(account),
    ...(data.grouped ? [] : neighborLists(account, choose)),
  )
}

const named = (canvas, name) => {
  canvas.ariaLabel = name
  return canvas
}

function rowList(account) {
  const values = data.columns
    .filter((name) => !HIDDEN.has(name) && (valueOf(account, name) ?? null) !== null)
    .map((name) => [name.replaceAll("_", " "), valueOf(account, name)])
  const all = [
    ["community", communityText(account)],
    ["followers here", number(data.followers[account])],
    ["follows here", number(data.following[account])],
    ...values,
  ]
  return list(all.map(([name, value]) => [name, format(value)]))
}

function format(value) {
  if (typeof value === "boolean") return value ? "yes" : "no"
  return typeof value === "number" ? String(Number(value.toPrecision(value % 1 ? 4 : 16))) : value
}

function neighborLists(account, choose) {
  const { followers, following } = neighborsOf(account)
  return [["Followers here", followers], ["Follows here", following]]
    .filter(([, accounts]) => accounts.length)
    .map(([title, accounts]) =>
      element(
        "section",
        {},
        element("h3", { textContent: `${title}: ${number(accounts.length)}` }),
        element(
          "ul",
          { className: "neighbors" },
          ...accounts.slice(0, MAX_NEIGHBORS).map((neighbor) =>
            element(
              "li",
              {},
              element("button", {
                type: "button",
                className: `link ${verdictOf(neighbor)}`,
                textContent: nameOf(neighbor),
                onclick: () => choose(neighbor),
              }),
            ),
          ),
          accounts.length > MAX_NEIGHBORS &&
            element("li", { className: "faint", textContent: `and ${number(accounts.length - MAX_NEIGHBORS)} more` }),
        ),
      ),
    )
}

/** Show the numbers of a disc. */
export function showDisc({ name, size, default: isDefault, custom }) {
  panel.replaceChildren(
    element("h2", { textContent: name }),
    list([
      ["accounts", number(size)],
      ["default", share(isDefault, size)],
      ["custom", share(custom, size)],
      ["not classified", share(size - isDefault - custom, size)],
    ]),
  )
}

const percent = (part, size) => `${size ? ((100 * part) / size).toFixed(1) : "0.0"} %`

export const share = (part, size) => `${number(part)} (${percent(part, size)})`

/** Say to screen readers what is selected. */
export const say = (account) =>
  announce(
    `${nameOf(account)}: ${verdictText(account)}. Community ${communityText(account)}, ` +
      `${plural(data.followers[account], "follower")} here, follows ${number(data.following[account])} here.`,
  )

export const sayDisc = (disc) =>
  announce(`${disc.name}: ${plural(disc.size, "account")}, ${share(disc.default, disc.size)} default.`)

/** Open the picture of an account. */
export function openPicture(account) {
  const href = valueOf(account, "href")
  document.getElementById("picture-name").textContent = nameOf(account)
  document.getElementById("picture-content").replaceChildren(
    hasPicture(account)
      ? named(pictureCanvas(account, 256), `The avatar of ${nameOf(account)}`)
      : element(
          "p",
          {},
          "The map does not have this picture. A scan keeps pictures with ",
          element("code", { textContent: "--keep-pictures" }),
          ".",
        ),
    element("p", { className: `verdict-text ${verdictOf(account)}`, textContent: verdictText(account) }),
    element(
      "p",
      { className: "links" },
      link(profileOf(account), "Profile"),
      isWebAddress(href) && link(href, "Picture"),
    ),
  )
  dialog.showModal()
}

/** The button of the legend for a verdict, with its color. */
export const legendItem = (verdict, onchange) =>
  element(
    "label",
    {},
    element("input", { type: "checkbox", checked: true, value: verdict, onchange }),
    element("span", { className: `swatch ${verdict}` }),
    VERDICTS.get(verdict),
  )
