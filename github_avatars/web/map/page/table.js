// The lists: the communities, and the accounts in pages, sorted by any column.

import { element } from "../../page/element.js"
import { count, data, nameOf, number, plural, profileOf, state, valueOf, VERDICTS, verdictOf } from "./data.js"
import { share } from "./details.js"

const ROWS = 100

const COLUMNS = [
  { title: "account", value: nameOf },
  { title: "avatar", value: (account) => VERDICTS.get(verdictOf(account)) },
  { title: "probability", value: (account) => valueOf(account, "probability"), digits: 4 },
  { title: "verified", value: (account) => yesOrNo(valueOf(account, "verified")) },
  { title: "community", value: (account) => data.communities[account] },
  { title: "followers here", value: (account) => data.followers[account] },
  { title: "follows here", value: (account) => data.following[account] },
]

const yesOrNo = (value) => (value === null || value === undefined ? null : value ? "yes" : "no")

export class Lists {
  /** The lists in an element. `choose` selects an account. */
  constructor(parent, choose) {
    this.choose = choose
    /** Null for the order of the scan. */
    this.column = null
    this.isAscending = true
    this.page = 0
    this.body = element("tbody", {})
    this.range = element("span", { className: "number" })
    this.previous = element("button", { type: "button", textContent: "Previous", onclick: () => this.turn(-1) })
    this.next = element("button", { type: "button", textContent: "Next", onclick: () => this.turn(1) })
    this.heads = COLUMNS.map((column) => {
      const button = element("button", {
        type: "button",
        className: "sort",
        textContent: column.title,
        onclick: () => this.sort(column),
      })
      return element("th", { scope: "col" }, button)
    })
    parent.replaceChildren(
      element("h2", { textContent: "Communities" }),
      discTable(),
      element("h2", { textContent: data.grouped ? `A sample of ${plural(count, "account")}` : "Accounts" }),
      element("p", { className: "pager" }, this.previous, this.next, this.range),
      element("div", { className: "scroll" }, element(
        "table",
        {},
        element("caption", { className: "unseen", textContent: "The accounts" }),
        element("thead", {}, element("tr", {}, ...this.heads)),
        this.body,
      )),
    )
  }

  sort(column) {
    this.isAscending = column === this.column ? !this.isAscending : true
    this.column = column
    this.update()
  }

  turn(pages) {
    this.page += pages
    this.render()
  }

  /** Show the first page of the visible accounts. */
  update() {
    this.accounts = Array.from({ length: count }, (_, account) => account).filter((account) => state.visible[account])
    if (this.column) {
      const { value } = this.column
      const sign = this.isAscending ? 1 : -1
      this.accounts.sort((one, other) => sign * compare(value(one), value(other)))
    }
    this.page = 0
    this.heads.forEach((head, place) => {
      const isSorted = COLUMNS[place] === this.column
      head.ariaSort = isSorted ? (this.isAscending ? "ascending" : "descending") : null
    })
    this.render()
  }

  render() {
    const start = this.page * ROWS
    const some = this.accounts.slice(start, start + ROWS)
    this.previous.disabled = !this.page
    this.next.disabled = start + ROWS >= this.accounts.length
    this.range.textContent = some.length
      ? `${number(start + 1)}–${number(start + some.length)} of ${number(this.accounts.length)}`
      : "No account matches."
    this.body.replaceChildren(...some.map((account) => this.row(account)))
  }

  row(account) {
    const [, ...others] = COLUMNS
    const name = element("button", {
      type: "button",
      className: "link",
      textContent: nameOf(account),
      onclick: () => this.choose(account),
    })
    const href = profileOf(account)
    return element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        name,
        href && " ",
        href &&
          element("a", {
            href,
            textContent: "↗",
            ariaLabel: `Profile of ${nameOf(account)}`,
            target: "_blank",
            rel: "noopener noreferrer",
          }),
      ),
      ...others.map(({ value, digits }) => {
        const content = value(account) ?? ""
        const isNumber = typeof content === "number"
        return element("td", {
          className: isNumber ? "number" : verdictClass(content),
          textContent: isNumber ? (digits ? content.toFixed(digits) : number(content)) : content,
        })
      }),
    )
  }
}

const verdictClass = (text) => (text === "default" || text === "custom" ? `verdict-text ${text}` : "")

/** Missing values come last, in ascending order. */
function compare(one, other) {
  if (one === other) return 0
  if (one === null || one === undefined) return 1
  if (other === null || other === undefined) return -1
  return typeof one === "number" ? one - other : one < other ? -1 : 1
}

function discTable() {
  const titles = ["community", "accounts", "default", "custom", "not classified"]
  return element(
    "div",
    { className: "scroll" },
    element(
      "table",
      { id: "communities" },
      element("caption", { className: "unseen", textContent: "The communities" }),
      element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col", textContent: title })))),
      element(
        "tbody",
        {},
        ...data.discs.map((disc) => {
          const none = disc.size - disc.default - disc.custom
          const cells = [number(disc.size), ...[disc.default, disc.custom, none].map((part) => share(part, disc.size))]
          return element(
            "tr",
            {},
            element("th", { scope: "row", textContent: disc.name }),
            ...cells.map((textContent) => element("td", { className: "number", textContent })),
          )
        }),
      ),
    ),
  )
}
