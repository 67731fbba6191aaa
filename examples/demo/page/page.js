// The page of `--serve`: sends what its visitor does, and shows what the clients see.

const of = (id) => document.getElementById(id);
const [load, rate, outage, clients, said] = ["load", "rate", "outage", "clients", "said"].map(of);
const frame = document.querySelector("iframe");
/** The visitor moves the slider: what the server says of it is old. */
let moving = false;

function show(state) {
  if (!moving) rate.value = load.value = state.rate;
  outage.setAttribute("aria-pressed", state.outage);
  const { answered, failed, p50 } = state;
  const took = p50 === null ? "" : `, half within ${p50 < 10 ? p50.toFixed(1) : p50.toFixed(0)} ms`;
  clients.textContent = `What clients see: ${answered}/s answered${took}; ${failed}/s failed`;
  clients.className = failed > 0 ? "trouble" : "";
}

function gone() {
  clients.textContent = "The demo does not answer: it has ended, or is very busy.";
  clients.className = "trouble";
}

async function ask(path, options) {
  const response = await fetch(path, { signal: AbortSignal.timeout(5_000), ...options });
  if (!response.ok) throw new Error(await response.text());
  show(await response.json());
}

async function act(path, value, text) {
  try {
    await ask(path, { method: "POST", body: value });
    said.textContent = text;
  } catch (error) {
    said.textContent = `That failed: ${error.message}`;
  }
}

load.addEventListener("input", () => {
  moving = true;
  rate.value = load.value;
});
load.addEventListener("change", async () => {
  await act("load", load.value, `The load is ${load.value} requests a second.`);
  moving = false;
});
outage.addEventListener("click", () => {
  const over = outage.getAttribute("aria-pressed") === "true";
  if (over) act("outage", "off", "The database is back. The pool tries it about once a second.");
  else act("outage", "on", "The database is gone: press again to bring it back.");
});
of("slow").addEventListener("click", () => {
  act("slow", "", "A query sleeps for 5 s. Press more often to keep more connections busy.");
});
of("leak").addEventListener("click", () => {
  act("leak", "", "A lease was dropped. Its connection is missed once garbage is collected.");
});

/** The frame is as high as its page: one bar to scroll, not two. */
const fit = new ResizeObserver(([{ target }]) => frame.style.height = `${target.offsetHeight}px`);
function watch() {
  fit.disconnect();
  if (frame.contentDocument?.body) fit.observe(frame.contentDocument.body);
}
frame.addEventListener("load", watch);
watch();

for (;; await new Promise((resolve) => setTimeout(resolve, 1_000))) {
  if (!document.hidden) await ask("state").catch(gone);
}
