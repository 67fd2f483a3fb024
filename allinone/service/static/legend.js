// The answers about faces as a list: a button for each, with its number, its picture and words.

import { colorOf } from "./drawing.js";

const THUMB = 96; // pixels

// "female 97%", "33 years", as allinone/tasks.py says it.
function inWords(answer, value) {
  if (answer.kind === "number") return `${Math.round(value)} ${answer.unit}`.trim();
  const word = answer.words[value >= 0.5 ? 1 : 0];
  return `${word} ${Math.round(Math.max(value, 1 - value) * 100)}%`;
}

export function wordsOf(face, answers) {
  const words = [];
  for (const answer of answers) {
    const value = face[answer.field];
    if (value !== undefined && value !== null) words.push(inWords(answer, value));
  }
  if (face.pose) {
    const angles = face.pose.map((angle) => Math.round(angle));
    words.push(`roll ${angles[0]}°, pitch ${angles[1]}°, yaw ${angles[2]}°`);
  }
  return words.join(", ");
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function thumbOf(view, box) {
  const canvas = element("canvas", "");
  canvas.width = canvas.height = THUMB;
  if (!view.isGiven()) return canvas;
  const side = Math.max(box[2] - box[0], box[3] - box[1]) * 1.2;
  const [x, y] = [(box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2];
  canvas.getContext("2d").drawImage(view.image, x, y, side, side, 0, 0, THUMB, THUMB);
  return canvas;
}

// names: {number of a face: who it is, in words}, {} where nobody asked.
export function fillLegend(list, view, answers, names) {
  list.replaceChildren();
  for (const face of view.faces) {
    const button = element("button", "");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.dataset.number = face.number;
    const number = element("span", "number", face.number);
    const { ground, ink } = colorOf(face.number);
    Object.assign(number.style, { background: ground, color: ink });
    if (ground === "#ffffff") number.style.outline = "1px solid #b9bfca";
    const words = element("span", "words");
    if (names[face.number]) words.append(element("span", "name", names[face.number]));
    words.append(wordsOf(face, answers));
    button.append(number, thumbOf(view, face.box), words);
    button.addEventListener("click", () => view.choose(face.number));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
  }
  view.onChoose = (chosen) => {
    for (const button of list.querySelectorAll("button")) {
      const isChosen = Number(button.dataset.number) === chosen;
      button.setAttribute("aria-pressed", String(isChosen));
      if (isChosen) button.scrollIntoView({ block: "nearest" });
    }
  };
}
