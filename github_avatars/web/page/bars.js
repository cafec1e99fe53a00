// What each feature adds to the verdict, as a table with bars.

import { element } from "/page/element.js"

const signed = (number) => {
  const text = Math.abs(number).toFixed(1)
  return text === "0.0" ? text : (number > 0 ? "+" : "−") + text
}

const measured = (one, key) => (one.name === "identicon_error" ? one[key].toFixed(2) : String(Math.round(one[key])))

export function bars(why) {
  const rows = [
    { title: "Start: the average picture", here: "", average: "", value: why.base, edge: true },
    ...why.contributions.map((one) => ({
      title: one.title,
      here: measured(one, "value"),
      average: measured(one, "average"),
      value: one.log_odds,
    })),
    { title: "Together", here: "", average: "", value: why.score, edge: true },
  ]
  const reach = Math.max(1, ...rows.map((row) => Math.abs(row.value)))
  return element(
    "figure",
    { className: "bars" },
    element(
      "table",
      {},
      element("caption", { textContent: "What moves the verdict" }),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col", textContent: "Measured" }),
          element("th", { scope: "col", className: "number", textContent: "here" }),
          element("th", { scope: "col", className: "number wide", textContent: "on average" }),
          element(
            "th",
            { scope: "col", className: "sides" },
            element("span", { className: "custom", textContent: "custom" }),
            element("span", { className: "default", textContent: "default" }),
          ),
        ),
      ),
      element("tbody", {}, ...rows.map((row) => line(row, reach))),
    ),
    element("figcaption", { className: "faint", textContent: why.notes.join(" ") }),
  )
}

function line(row, reach) {
  const bar = element("span", { className: `bar ${row.value > 0 ? "default" : "custom"}` })
  bar.style.setProperty("--length", (Math.abs(row.value) / reach).toFixed(4))
  return element(
    "tr",
    { className: row.edge ? "edge" : "" },
    element("th", { scope: "row", textContent: row.title }),
    element("td", { className: "number", textContent: row.here }),
    element("td", { className: "number wide faint", textContent: row.average }),
    element(
      "td",
      { className: "drawn" },
      element("span", { className: "track" }, bar),
      element("span", { className: "number", textContent: signed(row.value) }),
    ),
  )
}
