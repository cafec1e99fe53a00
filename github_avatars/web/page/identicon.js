// The form that draws the identicon of an account id.

const DELAY = 150
const MAX_RANDOM_ID = 200_000_000

const input = document.getElementById("account-id")
const message = document.getElementById("drawn")
const identicon = document.getElementById("identicon")
const save = document.getElementById("save")

export function startIdenticon() {
  let timer
  input.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(draw, DELAY)
  })
  document.getElementById("random").addEventListener("click", () => {
    input.value = 1 + Math.floor(Math.random() * MAX_RANDOM_ID)
    draw()
  })
  identicon.addEventListener("load", () => {
    message.textContent = `The default avatar of account ${identicon.dataset.id}.`
  })
  identicon.addEventListener("error", () => {
    message.textContent = "The identicon could not be drawn: try again in a moment."
  })
  draw()
}

function draw() {
  const id = input.value.trim()
  const isValid = /^[1-9][0-9]*$/.test(id)
  input.ariaInvalid = isValid ? "false" : "true"
  save.hidden = !isValid
  if (!isValid) {
    message.textContent = "Enter a whole number of at least 1, with at most 18 digits."
    return
  }
  identicon.dataset.id = id
  identicon.alt = `The identicon of account ${id}`
  identicon.src = save.href = `/api/identicons/${id}.png`
  save.download = `identicon-${id}.png`
}
