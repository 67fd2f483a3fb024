// Where pictures come from: a file, the webcam, what is dropped or pasted.

import { photograph } from "./camera.js";

const sources = [];

export class Source {
  // give: gets the files, always an array of one or, with data-many, of several.
  constructor(element, give) {
    this.element = element;
    this.give = give;
    element.append(document.getElementById("source").content.cloneNode(true));
    element.querySelector(".label").textContent = element.dataset.label;
    const input = element.querySelector("input");
    input.multiple = this.takesMany();
    input.setAttribute("aria-label", `${element.dataset.label}: choose`);
    input.addEventListener("change", () => {
      this.take(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
    const webcam = element.querySelector(".webcam");
    webcam.hidden = !navigator.mediaDevices; // a browser has it on https and on this machine only
    webcam.setAttribute("aria-label", `${element.dataset.label}: webcam`);
    webcam.addEventListener("click", async () => {
      const picture = await photograph();
      if (picture) this.take([picture]);
    });
    sources.push(this);
  }

  takesMany() {
    return "many" in this.element.dataset;
  }

  take(files) {
    const found = [...files].slice(0, this.takesMany() ? undefined : 1);
    this.isFilled = true;
    if (found.length) this.give(found);
  }
}

function visible() {
  return sources.filter((source) => source.element.offsetParent !== null);
}

// Where something goes that is given to the page: to the place it is dropped on, else to the first
// that has no picture yet.
function targetOf(event) {
  const own = event.target instanceof Node &&
    visible().find((source) => source.element.contains(event.target));
  return own || visible().find((source) => !source.isFilled) || visible()[0];
}

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  const target = targetOf(event);
  for (const source of sources) source.element.classList.toggle("over", source === target);
});
document.addEventListener("dragleave", () => {
  for (const source of sources) source.element.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  for (const source of sources) source.element.classList.remove("over");
  targetOf(event)?.take(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) {
    event.preventDefault();
    targetOf(event)?.take(event.clipboardData.files);
  }
});
