// The part that compares the largest faces of two pictures.

import { ask, formOf } from "./api.js";
import { Source } from "./source.js";
import { Status } from "./status.js";
import { View } from "./view.js";

export function startCompare() {
  const part = document.getElementById("compare");
  const status = new Status(part);
  const files = [null, null];
  const views = [...part.querySelectorAll(".view")].map((element) => new View(element));

  function compare() {
    return status.during("Comparing ...", async () => {
      const [first, second] = files;
      const areOthers = () => first !== files[0] || second !== files[1]; // chosen meanwhile
      const body = formOf([["first", first], ["second", second]]);
      const found = await ask("/verify", { method: "POST", body });
      if (areOthers()) return "";
      await views[0].mark(found.first, [{ ...found.first.face, number: 1 }]);
      if (areOthers()) return "";
      await views[1].mark(found.second, [{ ...found.second.face, number: 2 }]);
      const decision = found.is_same ? "The same person" : "Different people";
      const figures = `likeness ${found.cosine.toFixed(3)}, the same from ${found.threshold} on`;
      return `${decision}: ${figures}`;
    });
  }

  part.querySelectorAll(".source").forEach((element, place) => {
    new Source(element, ([file]) => {
      files[place] = file;
      views[place].show(file);
      if (files[0] && files[1]) compare();
      else status.say("Now the other picture.");
    });
  });
}
