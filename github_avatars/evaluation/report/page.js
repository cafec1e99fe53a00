"use strict"

const panel = document.getElementById("pinned")

function show(source) {
  const [index] = source.selected.indices
  const isPinned = index !== undefined
  panel.querySelector("[data-empty]").hidden = isPinned
  panel.querySelector("[data-full]").hidden = !isPinned
  if (!isPinned) return
  panel.querySelector("img").src = source.data.thumbnail[index]
  for (const field of panel.querySelectorAll("[data-field]")) {
    field.textContent = source.data[field.dataset.field][index]
  }
}

async function draw() {
  for (const script of document.querySelectorAll("script[data-figure]")) {
    await Bokeh.embed.embed_item(JSON.parse(script.textContent), script.dataset.figure)
  }
  const source = Bokeh.documents.map((drawn) => drawn.get_model_by_name("pictures")).find(Boolean)
  const unpin = () => { source.selected.indices = [] }
  source.selected.properties.indices.change.connect(() => show(source))
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") unpin() })
  panel.querySelector("button").addEventListener("click", unpin)
  document.documentElement.dataset.drawn = "yes"
}

draw()
