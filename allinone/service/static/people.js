// The part that enrolls people, lists them and forgets them.

import { ask, formOf } from "./api.js";
import { Source } from "./source.js";
import { counted, Status } from "./status.js";

const KEPT = "They stay enrolled when the service ends.";
const FORGOTTEN = "They are forgotten when the service ends: it was started without --people.";

export async function startPeople(tellWhether) {
  const part = document.getElementById("people");
  const status = new Status(part);
  const name = part.querySelector("#name");
  const chosen = part.querySelector(".chosen");
  let files = [];

  function choose(given) {
    files = given;
    chosen.textContent = files.length ? `${counted(files.length, "picture", "pictures")} chosen` : "";
  }

  function show(found) {
    part.querySelector(".kept").textContent = found.is_kept ? KEPT : FORGOTTEN;
    const list = part.querySelector(".enrolled");
    list.replaceChildren(...found.people.map((person) => row(person)));
    tellWhether(found.people.length > 0);
  }

  function row(person) {
    const item = document.createElement("li");
    const label = document.createElement("span");
    label.textContent = `${person.name}: ${counted(person.pictures, "picture", "pictures")}`;
    item.append(label, forgetButton(person));
    return item;
  }

  // Asks once more, since what is deleted is gone.
  function forgetButton(person) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Forget";
    button.setAttribute("aria-label", `Forget ${person.name}`);
    button.onblur = () => { button.textContent = "Forget"; };
    button.onclick = () => {
      if (button.textContent === "Forget") {
        button.textContent = "Really forget?";
        return;
      }
      status.during("Forgetting ...", async () => {
        show(await ask(pathOf(person.name), { method: "DELETE" }));
        return `${person.name} is forgotten`;
      });
    };
    return button;
  }

  part.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!files.length) {
      status.say("Choose a picture that shows the person.", true);
      return;
    }
    status.during("Enrolling ...", async () => {
      const body = formOf(files.map((file) => ["picture", file]));
      const person = await ask(pathOf(name.value), { method: "POST", body });
      choose([]);
      name.value = "";
      show(await ask("/people"));
      return `${person.name} is enrolled: ${counted(person.pictures, "picture", "pictures")}`;
    });
  });

  new Source(part.querySelector(".source"), choose);
  show(await ask("/people"));
}

function pathOf(name) {
  return `/people/${encodeURIComponent(name)}`;
}
