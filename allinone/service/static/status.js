// The line of a part of the page that says what happens, and what has failed.

export class Status {
  constructor(part) {
    this.line = part.querySelector(".status");
    this.latest = 0;
  }

  say(text, hasFailed = false) {
    this.line.textContent = text;
    this.line.classList.toggle("failed", hasFailed);
  }

  // Says what an asynchronous piece of work ends with; what fails is a sentence. Of two pieces of
  // work, the one that began last counts.
  async during(text, work) {
    const own = ++this.latest;
    this.say(text);
    try {
      const said = await work();
      if (own === this.latest) this.say(said);
    } catch (error) {
      if (own === this.latest) this.say(error.message, true);
    }
  }
}

export function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}
