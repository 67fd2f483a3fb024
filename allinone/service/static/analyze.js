// The part that finds and describes the faces of a picture.

import { ask, askForBlob, formOf } from "./api.js";
import { fillLegend } from "./legend.js";
import { Source } from "./source.js";
import { counted, Status } from "./status.js";
import { View } from "./view.js";

const part = document.getElementById("analyze");
const who = part.querySelector("#who");

// Offers to say who somebody is where anybody is enrolled.
export function whoCanBeAsked(isSo) {
  part.querySelector(".who").hidden = !isSo;
}

function isWhoAsked() {
  return who.checked && !part.querySelector(".who").hidden;
}

// Returns the faces of a picture, its size, and who they are: {number: words}.
async function facesOf(file) {
  const form = formOf([["picture", file]]);
  if (!isWhoAsked()) {
    const found = await ask("/analyze", { method: "POST", body: form });
    return { size: found, faces: found.faces, names: {} };
  }
  const found = await ask("/find", { method: "POST", body: form });
  const names = {};
  for (const { face, nearest, cosine, is_same } of found.faces) {
    const likeness = `${nearest}, ${cosine?.toFixed(2)}`;
    names[face.number] = is_same ? likeness : `nobody enrolled (most like ${likeness})`;
  }
  return { size: found, faces: found.faces.map(({ face }) => face), names };
}

export function startAnalyze(answers) {
  const status = new Status(part);
  const view = new View(part.querySelector(".view"));
  const result = part.querySelector(".result");
  const list = part.querySelector(".legend");
  const download = part.querySelector(".download");
  let last = 0; // who chooses another picture does not wait for the first

  async function take(file) {
    const own = ++last;
    result.hidden = false;
    list.replaceChildren();
    download.hidden = true;
    view.show(file);
    await status.during("Looking for faces ...", async () => {
      const { size, faces, names } = await facesOf(file);
      if (own !== last) return "";
      await view.mark(size, faces);
      if (own !== last) return ""; // by now the faces of another picture are shown
      fillLegend(list, view, answers, names);
      offerDrawing(download, status, file);
      return counted(faces.length, "face", "faces");
    });
  }

  new Source(part.querySelector(".source"), ([file]) => take(file));
}

// Lets the drawing be saved that the service makes, captions and all.
function offerDrawing(button, status, file) {
  button.hidden = false;
  button.onclick = () => status.during("Drawing ...", async () => {
    const drawing = await askForBlob("/analyze?answer=picture", formOf([["picture", file]]));
    const saved = document.createElement("a");
    saved.href = URL.createObjectURL(drawing);
    saved.download = "faces.jpg";
    saved.click();
    URL.revokeObjectURL(saved.href);
    return "The drawing is saved as faces.jpg.";
  });
}
