// Draws faces over a picture as SVG: boxes, landmarks, the pose's arrow, numbers.

const SVG = "http://www.w3.org/2000/svg";
// Of allinone/draw.py.
const COLORS = ["#1446ff", "#eb323c", "#00d7eb", "#963cc8", "#ffffff", "#ff82be"];
const DARK = "#141414";
const LIGHT = ["#00d7eb", "#ffffff", "#ff82be"]; // colours on which letters are dark
const LETTERS = 13; // pixels of the screen

export function colorOf(number) {
  const ground = COLORS[(number - 1) % COLORS.length];
  return { ground, ink: LIGHT.includes(ground) ? DARK : "#ffffff" };
}

function add(parent, name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

// The end of the nose's arrow, as rotation_matrix of allinone/pose.py has it.
function noseEnd(box, pose) {
  const [roll, pitch, yaw] = pose.map((angle) => (angle * Math.PI) / 180);
  const x = Math.cos(roll) * Math.sin(yaw) + Math.sin(roll) * Math.sin(pitch) * Math.cos(yaw);
  const y = Math.sin(roll) * Math.sin(yaw) - Math.cos(roll) * Math.sin(pitch) * Math.cos(yaw);
  const length = Math.max(box[3] - box[1], 1) / 2;
  return [(box[0] + box[2]) / 2 + x * length, (box[1] + box[3]) / 2 + y * length];
}

function drawNose(group, box, pose) {
  const start = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const end = noseEnd(box, pose);
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  let path = `M${start} L${end}`;
  for (const side of [-1, 1]) { // the two strokes of the tip
    const tip = [end[0] - 0.2 * (dx + side * dy), end[1] - 0.2 * (dy - side * dx)];
    path += ` M${end} L${tip}`;
  }
  add(group, "path", { class: "nose", d: path });
}

function drawPoints(group, face, scale) {
  const height = face.box[3] - face.box[1];
  const radius = Math.max(height / 55, Math.min(1.3 / scale, height / 35));
  face.landmarks.forEach((point, place) => {
    if (!point) return;
    const seen = face.visibility[place] >= 0.5 ? "seen" : "hidden";
    add(group, "circle", { class: seen, cx: point[0], cy: point[1], r: radius });
  });
}

function drawNumber(group, face, scale, width) {
  const { ground, ink } = colorOf(face.number);
  const high = LETTERS / scale;
  const wide = (String(face.number).length * 0.62 + 0.5) * high;
  const x = Math.min(Math.max(face.box[0], 0), width - wide);
  const y = Math.max(face.box[1] - high * 1.1, 0);
  add(group, "rect", { x, y, width: wide, height: high * 1.1, fill: ground });
  const text = add(group, "text", { x: x + wide / 2, y: y + high * 0.93, fill: ink });
  text.style.fontSize = `${high}px`;
  text.textContent = face.number;
}

// Draws faces into an <svg>; size: of the picture; chosen: number of a face, or null.
export function drawFaces(svg, size, faces, chosen, choose) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  svg.classList.toggle("has-chosen", chosen !== null);
  const scale = svg.clientWidth / size.width || 1;
  for (const face of faces) {
    const [x, y, right, bottom] = face.box;
    const place = { x, y, width: right - x, height: bottom - y };
    const group = add(svg, "g", { class: face.number === chosen ? "face chosen" : "face" });
    add(group, "rect", { class: "box", ...place, stroke: colorOf(face.number).ground });
    if (face.landmarks) drawPoints(group, face, scale);
    if (face.pose) drawNose(group, face.box, face.pose);
    add(group, "rect", { class: "hit", ...place });
    group.addEventListener("click", () => choose(face.number));
  }
  for (const face of faces) { // over all boxes
    const group = add(svg, "g", { class: face.number === chosen ? "face chosen" : "face" });
    drawNumber(group, face, scale, size.width);
    group.addEventListener("click", () => choose(face.number));
  }
}
