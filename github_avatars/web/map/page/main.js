// The page: views, search, legend, and what is selected.

import { announce, element } from "../../page/element.js"
import { colors, readColors } from "./colors.js"
import { count, data, matches, nameOf, number, plural, profileOf, state, VERDICTS, verdictOf } from "./data.js"
import { clear, legendItem, openPicture, say, sayDisc, showAccount, showDisc } from "./details.js"
import { drawMap, mapItems } from "./map.js"
import { loadPictures } from "./pictures.js"
import { Plane } from "./plane.js"
import { axes, drawScatter, FEATURES, hasFeatures, placeAccounts, scatterItems } from "./scatter.js"
import { Lists } from "./table.js"

const byId = (id) => document.getElementById(id)
const tip = byId("tip")
const search = byId("search")

function showTip(canvas, text, x, y) {
  tip.hidden = text === null
  if (text === null) return
  tip.textContent = text
  const box = canvas.getBoundingClientRect()
  tip.style.left = `${Math.min(box.left + x + 14, innerWidth - tip.offsetWidth - 8)}px`
  tip.style.top = `${box.top + y + 16}px`
}

/** The functions that a plane calls; `accountOf` is the account of an item. */
function listener(canvas, accountOf, open) {
  let selected = null
  return {
    point(item, x, y) {
      showTip(canvas, item === null ? null : `${nameOf(accountOf(item))} · ${VERDICTS.get(verdictOf(accountOf(item)))}`, x, y)
      const shown = item ?? selected
      if (shown === null) clear()
      else showAccount(accountOf(shown), choose)
    },
    select(item) {
      selected = item
      if (item === null) return clear()
      showAccount(accountOf(item), choose)
      say(accountOf(item))
    },
    open: (item) => open(accountOf(item)),
  }
}

function discListener(canvas) {
  let selected = null
  const show = (item) => (item === null ? clear() : showDisc(data.discs[item]))
  return {
    point(item, x, y) {
      showTip(canvas, item === null ? null : `${data.discs[item].name} · ${plural(data.discs[item].size, "account")}`, x, y)
      show(item ?? selected)
    },
    select(item) {
      selected = item
      show(item)
      if (item !== null) sayDisc(data.discs[item])
    },
    open() {},
  }
}

const openProfile = (account) => {
  const profile = profileOf(account)
  if (profile) open(profile, "_blank", "noopener,noreferrer")
}

readColors()
placeAccounts()
const map = new Plane(
  byId("map"),
  mapItems,
  drawMap,
  data.grouped ? discListener(byId("map")) : listener(byId("map"), (account) => account, openProfile),
)
const scatter = new Plane(
  byId("features"),
  scatterItems,
  drawScatter,
  listener(byId("features"), (item) => scatterItems.accounts[item], openPicture),
)
const lists = new Lists(byId("view-table"), (account) => choose(account))
const views = new Map([
  ["map", map],
  ["features", scatter],
  ["table", null],
])

function redraw() {
  map.invalidate()
  scatter.invalidate()
}

/** Select an account in all views, and show it. */
function choose(account) {
  if (!data.grouped) {
    map.select(account)
    if (map.width) map.show(account)
    else map.pending = account
  }
  const item = scatterItems.accounts.indexOf(account)
  scatter.selected = item < 0 ? null : item
  showAccount(account, choose)
  say(account)
  redraw()
}

const tabs = [...document.querySelectorAll("[role=tab]")]

function showView(name) {
  for (const tab of tabs) {
    const isShown = tab.id === `tab-${name}`
    tab.ariaSelected = String(isShown)
    tab.tabIndex = isShown ? 0 : -1
    byId(tab.getAttribute("aria-controls")).hidden = !isShown
  }
  byId("shown").hidden = name !== "map"
  // Circles stand for all accounts of a community.
  byId("legend").hidden = document.querySelector(".find").hidden = data.grouped && name === "map"
  byId("keys").hidden = name === "table"
  tip.hidden = true
  views.get(name)?.resize()
  if (name === "map" && map.pending !== undefined) {
    map.show(map.pending)
    map.pending = undefined
  }
}

for (const [place, tab] of tabs.entries()) {
  tab.addEventListener("click", () => showView(tab.id.slice(4)))
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!step) return
    const next = tabs[(place + step + tabs.length) % tabs.length]
    next.focus()
    next.click()
  })
}

/** Make the accounts visible that match the search and the legend. */
function filter() {
  const query = search.value.trim().toLowerCase()
  const verdicts = new Set([...document.querySelectorAll("#legend input:checked")].map(({ value }) => value))
  let visible = 0
  for (let account = 0; account < count; account++) {
    const isVisible = verdicts.has(verdictOf(account)) && (!query || matches(account, query))
    state.visible[account] = isVisible ? 1 : 0
    visible += isVisible
  }
  byId("matches").textContent = visible === count ? "" : `${number(visible)} of ${number(count)}`
  lists.update()
  redraw()
}

search.addEventListener("input", filter)
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return
  const found = state.visible.indexOf(1)
  if (found >= 0) choose(found)
  else announce("No account matches.")
})

byId("legend").append(...[...VERDICTS.keys()].map((verdict) => legendItem(verdict, filter)))
for (const [id, name] of [["with-pictures", "pictures"], ["with-edges", "edges"]]) {
  byId(id).addEventListener("change", (event) => {
    state[name] = event.target.checked
    redraw()
  })
}
byId("with-pictures").parentElement.hidden = data.grouped || data.redacted

for (const axis of ["x", "y"]) {
  const select = byId(`axis-${axis}`)
  select.append(
    ...[...FEATURES.keys()].map((name) =>
      element("option", { value: name, textContent: name.replaceAll("_", " "), selected: axes[axis] === name }),
    ),
  )
  select.addEventListener("change", () => {
    axes[axis] = select.value
    placeAccounts()
    redraw()
  })
}
if (!hasFeatures) {
  byId("no-features").hidden = false
  byId("no-features").textContent = data.redacted
    ? "A redacted map has no features, because anyone can measure them on a public avatar."
    : "No account was classified."
  byId("features").hidden = true
  document.querySelector(".axes").hidden = true
}

for (const stage of document.querySelectorAll(".stage")) {
  const plane = stage.id === "view-map" ? map : scatter
  const actions = { in: () => plane.zoom(1.5), out: () => plane.zoom(1 / 1.5), fit: () => plane.fit() }
  for (const button of stage.querySelectorAll("[data-zoom]")) button.onclick = actions[button.dataset.zoom]
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColors()
  redraw()
})

byId("summary").textContent = [
  plural(data.accounts, "account"),
  plural(data.edgeCount, "edge"),
  plural(data.communityCount, "community", "communities"),
  ...(data.grouped ? [`drawn as groups; ${number(count)} accounts, chosen at random, are listed`] : []),
  ...(data.redacted ? ["redacted"] : []),
].join(" · ")

clear()
filter()
showView("map")
loadPictures(redraw)
document.documentElement.dataset.ready = "true"
