// "Be GitHub": an account id, and the identicon that the server draws of it.

const PAUSE = 150
const NEWEST = 200_000_000

const input = document.getElementById("account-id")
const drawn = document.getElementById("drawn")
const identicon = document.getElementById("identicon")
const save = document.getElementById("save")

export function startToy() {
  let timer
  input.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(draw, PAUSE)
  })
  document.getElementById("another").addEventListener("click", () => {
    input.value = 1 + Math.floor(Math.random() * NEWEST)
    draw()
  })
  identicon.addEventListener("load", () => {
    drawn.textContent = `This is what account ${identicon.dataset.id} gets.`
  })
  identicon.addEventListener("error", () => {
    drawn.textContent = "It could not be drawn just now: try again in a moment."
  })
  draw()
}

function draw() {
  const id = input.value.trim()
  const possible = /^[1-9][0-9]*$/.test(id)
  input.ariaInvalid = possible ? "false" : "true"
  save.hidden = !possible
  if (!possible) {
    drawn.textContent = "A whole number from 1 on, of up to 18 digits."
    return
  }
  identicon.dataset.id = id
  identicon.alt = `The identicon of account ${id}`
  identicon.src = save.href = `/api/identicons/${id}.png`
  save.download = `identicon-${id}.png`
}
