// The page: its three parts, and what moves between them.

import { ask } from "./api.js";
import { startAnalyze, whoCanBeAsked } from "./analyze.js";
import { startCompare } from "./compare.js";
import { startPeople } from "./people.js";

function startTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  function select(chosen) {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
  }
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  });
}

startTabs();
const about = await ask("/about");
document.getElementById("about").textContent =
  `Model ${about.model}, engine ${about.engine}; at most ${about.megabytes} MB a request.`;
startAnalyze(about.answers);
startCompare();
await startPeople(whoCanBeAsked);
document.documentElement.dataset.ready = "";
