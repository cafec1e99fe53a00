// Pictures that are dropped, pasted or selected.

const hasFiles = (event) => event.dataTransfer?.types.includes("Files")

/** Call `accept` with an array of files whenever the user provides some. */
export function acceptPictures(accept) {
  const input = document.getElementById("files")
  input.addEventListener("change", () => {
    if (input.files.length) accept([...input.files])
    input.value = ""
  })
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (!files.length) return
    event.preventDefault()
    accept(files)
  })
  acceptDropped(accept)
}

function acceptDropped(accept) {
  const highlight = (isDragging) => document.body.classList.toggle("dropping", isDragging)
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    highlight(true)
  })
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) highlight(false)
  })
  document.addEventListener("drop", (event) => {
    highlight(false)
    if (!hasFiles(event)) return
    event.preventDefault()
    const files = [...event.dataTransfer.files]
    if (files.length) accept(files)
  })
}
