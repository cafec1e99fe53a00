// The gallery of examples.

import { examples } from "/page/asking.js"
import { element } from "/page/element.js"

/** Fills the gallery; `take` is called with the name of the one that is picked. */
export async function fillGallery(take) {
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
            onclick: () => take(name),
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
