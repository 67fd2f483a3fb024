// A picture with its faces drawn, which stays right when the window changes.

import { askForBlob, formOf } from "./api.js";
import { drawFaces } from "./drawing.js";

export class View {
  constructor(element) {
    this.element = element;
    this.faces = [];
    this.chosen = null;
    this.onChoose = () => {};
    new ResizeObserver(() => this.draw()).observe(element);
  }

  // Shows a file; its faces are drawn when they are known.
  async show(file) {
    this.clear();
    const image = new Image();
    image.alt = file.name || "picture of the webcam";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true"); // the legend says the same in words
    this.url = URL.createObjectURL(file);
    image.src = this.url;
    Object.assign(this, { file, image, svg });
    this.element.append(image, svg);
    await image.decode().catch(() => {});
    if (this.image === image) this.draw();
  }

  clear() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.element.replaceChildren();
    Object.assign(this, { url: null, image: null, faces: [], size: null, chosen: null });
  }

  async mark(size, faces) {
    Object.assign(this, { size, faces });
    const image = this.image;
    await image.decode().catch(() => {});
    if (this.image !== image) return;
    // A kind that this browser does not show, or does not turn as its EXIF says.
    if (image.naturalWidth !== size.width || image.naturalHeight !== size.height) {
      const drawing = await askForBlob("/analyze?answer=picture", formOf([["picture", this.file]]));
      if (this.image !== image) return;
      URL.revokeObjectURL(this.url);
      this.url = URL.createObjectURL(drawing);
      image.src = this.url;
      await image.decode();
      this.svg.remove();
    }
    this.draw();
  }

  // Tells whether the picture shown is the one that was given, and not the service's drawing of it.
  isGiven() {
    return this.svg.isConnected;
  }

  choose(number) {
    this.chosen = this.chosen === number ? null : number;
    this.draw();
    this.onChoose(this.chosen);
  }

  draw() {
    if (!this.image || !this.size) return;
    drawFaces(this.svg, this.size, this.faces, this.chosen, (number) => this.choose(number));
  }
}
