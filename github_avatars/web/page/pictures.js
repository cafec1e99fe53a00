// Pictures that are dropped, pasted or chosen.

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files")

/** Calls `take` with an array of files, however they come. */
export function takePictures(take) {
  const chosen = document.getElementById("files")
  chosen.addEventListener("change", () => {
    if (chosen.files.length) take([...chosen.files])
    chosen.value = ""
  })
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (!files.length) return
    event.preventDefault()
    take(files)
  })
  takeDropped(take)
}

function takeDropped(take) {
  const show = (shown) => document.body.classList.toggle("dropping", shown)
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return
    event.preventDefault()
    show(true)
  })
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) show(false)
  })
  document.addEventListener("drop", (event) => {
    show(false)
    if (!carriesFiles(event)) return
    event.preventDefault()
    const files = [...event.dataTransfer.files]
    if (files.length) take(files)
  })
}
