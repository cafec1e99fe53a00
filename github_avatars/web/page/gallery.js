// The gallery of examples.

import { examples } from "/page/api.js"
import { element } from "/page/element.js"

/** Fill the gallery; `select` is called with the name of the example that is clicked. */
export async function fillGallery(select) {
  const { answer } = await examples()
  if (!answer?.length) return
  const section = document.getElementById("gallery")
  section.querySelector("ul").append(
    ...answer.map(({ name }, number) =>
      element(
        "li",
        {},
        element(
          "button",
          {
            type: "button",
            title: `Example ${number + 1}`,
            ariaLabel: `Example ${number + 1}`,
            onclick: () => select(name),
          },
          element("img", {
            src: `/api/examples/${encodeURIComponent(name)}/picture`,
            alt: "",
            width: 64,
            height: 64,
          }),
        ),
      ),
    ),
  )
  section.hidden = false
}
