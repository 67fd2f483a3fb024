// Asks the service; what it refuses is an Error with its sentence.

const TOKEN = "allinone token"; // of this tab alone

export async function ask(path, { method = "GET", body } = {}) {
  const answer = await request(path, method, body);
  return (await answer.json());
}

export async function askForBlob(path, body) {
  return (await request(path, "POST", body)).blob();
}

export function formOf(fields) {
  const form = new FormData();
  for (const [name, file] of fields) form.append(name, file, file.name || "webcam.jpg");
  return form;
}

async function request(path, method, body) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    let answer;
    try {
      answer = await fetch(path, { method, body, headers });
    } catch {
      throw new Error("The service does not answer; is it still running?");
    }
    if (answer.status === 401) await askForToken();
    else if (answer.ok) return answer;
    else throw new Error(await sentenceOf(answer));
  }
}

async function sentenceOf(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `The service answers with status ${answer.status}.`;
  }
}

let asking = null; // one question for all that wait

function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("token");
    const form = dialog.querySelector("form");
    const input = dialog.querySelector("input");
    input.value = "";
    dialog.oncancel = (event) => event.preventDefault(); // nothing works without one
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN, input.value.trim());
      dialog.close();
      asking = null;
      resolve();
    };
    dialog.showModal();
  });
  return asking;
}
