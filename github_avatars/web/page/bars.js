// What each feature contributes to the verdict, as a table with bars.

import { element } from "/page/element.js"

const signed = (number) => {
  const text = Math.abs(number).toFixed(1)
  return text === "0.0" ? text : (number > 0 ? "+" : "−") + text
}

const format = (feature, key) =>
  feature.name === "identicon_error" ? feature[key].toFixed(2) : String(Math.round(feature[key]))

export function bars(why) {
  const rows = [
    { title: "Average training picture", value: "", average: "", logOdds: why.base, isEdge: true },
    ...why.contributions.map((feature) => ({
      title: feature.title,
      value: format(feature, "value"),
      average: format(feature, "average"),
      logOdds: feature.log_odds,
    })),
    { title: "Sum", value: "", average: "", logOdds: why.score, isEdge: true },
  ]
  const longest = Math.max(1, ...rows.map((row) => Math.abs(row.logOdds)))
  return element(
    "figure",
    { className: "bars" },
    element(
      "table",
      {},
      element("caption", { textContent: "What each feature contributes" }),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col", textContent: "Feature" }),
          element("th", { scope: "col", className: "number", textContent: "value" }),
          element("th", { scope: "col", className: "number wide", textContent: "average" }),
          element(
            "th",
            { scope: "col", className: "sides" },
            element("span", { className: "custom", textContent: "custom" }),
            element("span", { className: "default", textContent: "default" }),
          ),
        ),
      ),
      element("tbody", {}, ...rows.map((row) => tableRow(row, longest))),
    ),
    element("figcaption", { className: "faint", textContent: why.notes.join(" ") }),
  )
}

function tableRow(row, longest) {
  const bar = element("span", { className: `bar ${row.logOdds > 0 ? "default" : "custom"}` })
  bar.style.setProperty("--length", (Math.abs(row.logOdds) / longest).toFixed(4))
  return element(
    "tr",
    { className: row.isEdge ? "edge" : "" },
    element("th", { scope: "row", textContent: row.title }),
    element("td", { className: "number", textContent: row.value }),
    element("td", { className: "number wide faint", textContent: row.average }),
    element(
      "td",
      { className: "drawing" },
      element("span", { className: "track" }, bar),
      element("span", { className: "number", textContent: signed(row.logOdds) }),
    ),
  )
}
