// Takes a picture with the webcam.

// Returns a JPEG, or null where the user has thought better of it.
export async function photograph() {
  const dialog = document.getElementById("camera");
  const video = dialog.querySelector("video");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    alert(`The webcam cannot be used: ${error.message}`);
    return null;
  }
  video.srcObject = stream;
  dialog.showModal();
  try {
    return await new Promise((resolve) => {
      dialog.querySelector(".take").onclick = () => resolve(frameOf(video));
      dialog.querySelector(".cancel").onclick = () => resolve(null);
      dialog.oncancel = () => resolve(null); // the key Escape
    });
  } finally {
    dialog.close();
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

function frameOf(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
}
