// @vladmandic/face-api on pictures: CPU seconds and faces, all that it tells of a face, one thread.
// node face_api.js pictures.json: [{name, path, width, height, repeats}], files of raw RGB bytes.
// Prints {version, pictures: {name: {seconds, faces: [[x1, y1, x2, y2, score]]}}}.
const fs = require("fs");
const path = require("path");
const modules = path.join(process.cwd(), "node_modules");
const tf = require(path.join(modules, "@tensorflow/tfjs"));
const wasm = require(path.join(modules, "@tensorflow/tfjs-backend-wasm"));
const faceapi = require(path.join(modules, "@vladmandic/face-api/dist/face-api.node-wasm.js"));

function median(values) {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

async function seen(picture) {
  const pixels = new Uint8Array(fs.readFileSync(picture.path));
  const image = tf.tensor3d(pixels, [picture.height, picture.width, 3], "int32");
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 400 });
  const found = await faceapi
    .detectAllFaces(image, options)
    .withFaceLandmarks()
    .withFaceExpressions()
    .withAgeAndGender()
    .withFaceDescriptors();
  image.dispose();
  return found.map(({ detection: { box, score } }) => [box.left, box.top, box.right, box.bottom, score]);
}

async function main() {
  wasm.setWasmPaths(path.join(modules, "@tensorflow/tfjs-backend-wasm/dist/"));
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const models = path.join(modules, "@vladmandic/face-api/model");
  for (const name of ["ssdMobilenetv1", "faceLandmark68Net", "faceExpressionNet", "ageGenderNet", "faceRecognitionNet"]) {
    await faceapi.nets[name].loadFromDisk(models);
  }
  const pictures = {};
  const given = JSON.parse(fs.readFileSync(process.argv[2]));
  await seen(given[0]); // the first call does not count
  for (const picture of given) {
    let faces;
    const taken = [];
    for (let number = 0; number < picture.repeats; number++) {
      const before = process.cpuUsage();
      faces = await seen(picture);
      const used = process.cpuUsage(before);
      taken.push((used.user + used.system) / 1e6);
    }
    pictures[picture.name] = { seconds: median(taken), faces };
  }
  console.log(JSON.stringify({ version: faceapi.version, pictures }));
}

main();
