// Page: what browsers are sent. Made by `deno task dashboard` from the files in page/: change those.

/** The page, whole. */
export const PAGE: string = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Pools</title>
    <link rel="icon" href="data:,">
    <style>:root {
  color-scheme: light dark;
  --ground: #f5f6f8;
  --card: #ffffff;
  --text: #1c2330;
  --soft: #5a6475;
  --line: #e0e4ea;
  --using: #2f6fde;
  --idle: #c3d5f2;
  --making: #e0a526;
  --waits: #c2377b;
  --bound: #7b8798;
  --calm: #1d8a53;
  --busy: #b07409;
  --trouble: #c42b2b;
  --alarm: #fdecec;
  --focus: #2f6fde;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161d;
    --card: #1b212b;
    --text: #e7ebf1;
    --soft: #9ba7b8;
    --line: #303947;
    --using: #6ea0f5;
    --idle: #34486b;
    --making: #e7b54a;
    --waits: #f07bb0;
    --bound: #8894a6;
    --calm: #4cc38a;
    --busy: #e9b44c;
    --trouble: #ff7b7b;
    --alarm: #3d2024;
    --focus: #9dc0ff;
  }
}
* {
  box-sizing: border-box;
}
body {
  margin: 0 auto;
  max-width: 100rem;
  padding: 1rem clamp(0.75rem, 2.5vw, 2rem) 3rem;
  background: var(--ground);
  color: var(--text);
  font: 0.9375rem/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}
h1,
h2,
p,
dl,
dd,
figure {
  margin: 0;
}
h1 {
  font-size: 1.375rem;
  letter-spacing: -0.01em;
}
h2 {
  font-size: 1.0625rem;
}
small {
  color: var(--soft);
  font-weight: 400;
  font-size: 0.8125rem;
}
.top {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem 1rem;
  align-items: baseline;
  padding-bottom: 1rem;
}
#summary {
  flex: 1 1 12rem;
  color: var(--soft);
}
button {
  font: inherit;
  color: inherit;
  background: var(--card);
  border: 1px solid var(--bound);
  border-radius: 0.5rem;
  padding: 0.3rem 0.9rem;
  min-width: 6.5rem;
  min-height: 2.25rem;
  cursor: pointer;
}
button[aria-pressed="true"] {
  background: var(--text);
  color: var(--ground);
}
:focus-visible {
  outline: 3px solid var(--focus);
  outline-offset: 2px;
  border-radius: 0.25rem;
}
#banner {
  position: sticky;
  top: 0.5rem;
  z-index: 1;
  margin-bottom: 1rem;
  padding: 0.6rem 1rem;
  border-radius: 0.5rem;
  border: 1px solid var(--trouble);
  background: var(--alarm);
  font-weight: 600;
}
#trouble {
  display: flex;
  flex-wrap: wrap;
  gap: 0.4rem;
  padding-bottom: 1rem;
}
[hidden] {
  display: none !important;
}
#trouble a {
  padding: 0.25rem 0.75rem;
  border-radius: 1rem;
  background: var(--alarm);
  color: var(--text);
  text-decoration: none;
  border: 1px solid var(--trouble);
}
main {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr));
  gap: 1rem;
  align-items: start;
}
.empty {
  color: var(--soft);
  padding: 3rem 0;
  text-align: center;
  grid-column: 1 / -1;
}
.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}
.card {
  min-width: 0;
  padding: 1rem 1.125rem 0.5rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  scroll-margin-top: 1rem;
}
.card[data-level="trouble"] {
  border-color: var(--trouble);
}
.card[data-level="off"] .plot,
.card[data-level="off"] .counts {
  opacity: 0.6;
}
.verdict {
  display: flex;
  gap: 0.5rem;
  min-height: 2.9em;
  margin-top: 0.15rem;
  color: var(--soft);
}
.dot {
  flex: none;
  width: 0.7rem;
  height: 0.7rem;
  margin-top: 0.38rem;
  border-radius: 50%;
  border: 2px solid var(--bound);
}
[data-level="calm"] .dot {
  background: var(--calm);
  border-color: var(--calm);
}
[data-level="busy"] .dot {
  border-color: var(--busy);
  background: linear-gradient(var(--busy) 50%, transparent 50%);
}
[data-level="trouble"] .dot {
  background: var(--trouble);
  border-color: var(--trouble);
  border-radius: 0.1rem;
  transform: rotate(45deg) scale(0.9);
}
[data-level="trouble"] .verdict {
  color: var(--text);
  font-weight: 600;
}
.counts {
  display: flex;
  flex-wrap: wrap;
  justify-content: space-between;
  gap: 0.25rem 0.75rem;
  padding: 0.5rem 0;
}
.counts dt {
  color: var(--soft);
  font-size: 0.75rem;
  white-space: nowrap;
}
.counts dd {
  font-size: 1.25rem;
  font-weight: 600;
  line-height: 1.2;
}
.counts dd small {
  font-size: 0.8125rem;
}
.key {
  display: inline-block;
  width: 0.6rem;
  height: 0.6rem;
  margin-right: 0.3rem;
  border-radius: 0.15rem;
}
.key.using {
  background: var(--using);
}
.key.idle {
  background: var(--idle);
}
.key.making {
  background: var(--making);
}
.key.waits {
  background: var(--waits);
  height: 0.2rem;
  vertical-align: 0.2rem;
}
.plot {
  padding-bottom: 0.5rem;
}
.plot svg {
  display: block;
  width: 100%;
  height: 8.5rem;
}
.most {
  text-align: right;
  font-size: 0.75rem;
  color: var(--soft);
}
.plot figcaption {
  display: flex;
  justify-content: space-between;
  gap: 0.5rem;
  padding-top: 0.25rem;
  color: var(--soft);
  font-size: 0.75rem;
}
path {
  fill: none;
  vector-effect: non-scaling-stroke;
}
path.using,
rect {
  fill: var(--using);
}
path.idle {
  fill: var(--idle);
}
path.making {
  fill: var(--making);
}
path.bound {
  stroke: var(--bound);
  stroke-dasharray: 4 3;
}
path.axis {
  stroke: var(--line);
}
path.waits {
  fill: var(--waits);
}
details {
  border-top: 1px solid var(--line);
}
summary {
  padding: 0.55rem 0;
  font-weight: 600;
  cursor: pointer;
}
details[open] {
  padding-bottom: 0.75rem;
}
table {
  width: 100%;
  border-collapse: collapse;
  font-size: 0.875rem;
}
th,
td {
  padding: 0.2rem 0.75rem 0.2rem 0;
  text-align: left;
  vertical-align: top;
  font-weight: 400;
}
thead th {
  color: var(--soft);
  font-size: 0.8125rem;
}
.n {
  text-align: right;
  white-space: nowrap;
  padding-right: 0;
  padding-left: 0.5rem;
  width: 1%;
}
.k {
  white-space: nowrap;
  width: 1%;
}
abbr {
  text-decoration: none;
}
td small {
  display: block;
}
td.bad {
  color: var(--trouble);
}
.bars {
  display: grid;
  grid-template-columns: 1fr 1fr;
  gap: 1.25rem;
  padding-top: 0.5rem;
}
.bars svg {
  display: block;
  width: 100%;
  height: 3rem;
  border-bottom: 1px solid var(--bound);
}
.bars figcaption {
  display: flex;
  justify-content: space-between;
  color: var(--soft);
  font-size: 0.75rem;
}
.bars .waits rect {
  fill: var(--waits);
}
.totals {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr));
  gap: 0.1rem 1.25rem;
  font-size: 0.875rem;
}
.totals div {
  display: flex;
  justify-content: space-between;
  gap: 0.5rem;
}
.totals dt {
  color: var(--soft);
}
@media (prefers-reduced-motion: no-preference) {
  :root {
    scroll-behavior: smooth;
  }
}
@media (forced-colors: active) {
  .dot,
  .key,
  path,
  rect {
    forced-color-adjust: none;
  }
}
</style>
  </head>
  <body>
    <header class="top">
      <h1>Pools</h1>
      <p id="summary">Connecting …</p>
      <button id="pause" type="button" aria-pressed="false">Pause</button>
    </header>
    <p id="banner" role="alert" hidden></p>
    <nav id="trouble" aria-label="Pools in trouble" hidden></nav>
    <main id="pools">
      <noscript><p class="empty">This page needs JavaScript: it is live.</p></noscript>
    </main>
    <p id="news" class="unseen" role="status"></p>
    <template id="card">
      <article class="card" tabindex="-1">
        <header>
          <h2 data-is="name"></h2>
          <p class="verdict"><span class="dot" aria-hidden="true"></span><span
              data-is="verdict"
            ></span></p>
        </header>
        <dl class="counts">
          <div>
            <dt><i class="key using"></i>in use</dt>
            <dd data-is="using"></dd>
          </div>
          <div>
            <dt><i class="key idle"></i>idle</dt>
            <dd data-is="idle"></dd>
          </div>
          <div>
            <dt><i class="key making"></i>creating</dt>
            <dd data-is="making"></dd>
          </div>
          <div>
            <dt><i class="key waits"></i>waiting</dt>
            <dd data-is="waiting"></dd>
          </div>
          <div data-is="requests" hidden>
            <dt><abbr title="of the quota, asked for and not used yet">permits</abbr></dt>
            <dd data-is="requesting"></dd>
          </div>
          <div>
            <dt>lent/s</dt>
            <dd data-is="rate"></dd>
          </div>
        </dl>
        <figure class="plot">
          <p class="most" data-is="most"></p>
          <svg data-is="plot" role="img" viewBox="0 0 300 100" preserveAspectRatio="none">
            <path class="idle" />
            <path class="using" />
            <path class="making" />
            <path class="bound" />
            <path class="axis" d="M0 76H300M0 100H300" />
            <path class="waits" />
          </svg>
          <figcaption><span data-is="since"></span><span data-is="queue"></span><span>now</span></figcaption>
        </figure>
        <details data-part="times">
          <summary>How long it takes <small>last minute</small></summary>
          <table>
            <thead>
              <tr>
                <th scope="col" class="k">time</th>
                <th scope="col" class="n">count</th>
                <th scope="col" class="n"><abbr title="half took no longer">p50</abbr></th>
                <th scope="col" class="n"><abbr title="90 % took no longer">p90</abbr></th>
                <th scope="col" class="n"><abbr title="99 % took no longer">p99</abbr></th>
              </tr>
            </thead>
            <tbody data-is="times"></tbody>
          </table>
          <div class="bars" data-is="bars"></div>
        </details>
        <details data-part="holders">
          <summary>Who holds objects <small data-is="holding"></small></summary>
          <table>
            <thead>
              <tr>
                <th scope="col">object, taken at</th>
                <th scope="col">label</th>
                <th
                  scope="col"
                  class="n"
                >held for</th>
              </tr>
            </thead>
            <tbody data-is="holders"></tbody>
          </table>
        </details>
        <details data-part="waiters">
          <summary>Who waits <small data-is="queued"></small></summary>
          <table>
            <thead>
              <tr>
                <th scope="col">label</th>
                <th scope="col" class="n">priority</th>
                <th
                  scope="col"
                  class="n"
                >for</th>
              </tr>
            </thead>
            <tbody data-is="waiters"></tbody>
          </table>
        </details>
        <details data-part="events">
          <summary>What happened <small>since a page was opened</small></summary>
          <table>
            <thead>
              <tr>
                <th scope="col">last</th>
                <th scope="col">what</th>
                <th
                  scope="col"
                  class="n"
                >times</th>
              </tr>
            </thead>
            <tbody data-is="events"></tbody>
          </table>
        </details>
        <details data-part="totals">
          <summary>Totals <small>since the pool was created</small></summary>
          <dl class="totals" data-is="totals"></dl>
        </details>
      </article>
    </template>
    <script type="module">// The page of the dashboard: gets the data of pools, keeps five minutes, and shows them.

/**
 * @typedef {{ count: number, p50: number, p90: number, p99: number, bars: number[] }} Spread
 * @typedef {{ what: string, why: string, count: number, first: number, last: number }} Happening
 * @typedef {{ object: string, held: number | null, atLeast: boolean, label: string, line: string }} Holder
 * @typedef {{ waited: number | null, label: string, priority: number }} Waiter
 * @typedef {[second: number, using: number, idle: number, making: number, waits: number]} Sample
 * @typedef {{
 *   id: number, name: string, verdict: { level: string, text: string },
 *   counts: Record<string, number>, rate: number | null, totals: Record<string, number>,
 *   holders: Holder[], waiters: Waiter[], waits: Spread, uses: Spread,
 *   samples: Sample[], happened?: Happening[],
 * }} Picture
 * @typedef {{ run: number, second: number, more: number, notes: string[], pools: Picture[] }} Message
 * @typedef {"name" | "verdict" | "using" | "idle" | "making" | "waiting" | "requests" | "requesting" | "rate" | "most" | "plot" | "since" | "queue"
 *   | "times" | "bars" | "holding" | "holders" | "queued" | "waiters" | "events" | "totals"} Part
 * @typedef {Record<Part, HTMLElement>} Parts
 * @typedef {{ root: HTMLElement, is: Parts, level: string }} Card
 */

const SECONDS = 300;
/** The spans of a plot, in seconds: the shortest that has all samples is used. */
const SPANS = [60, 120, SECONDS];
/** After how many ms without data the page says so. */
const LOST = 5_000;
/** After how many ms a hidden page closes its connection. */
const HIDDEN = 10_000;
/** Up to how many pools all details are open. */
const FEW = 3;

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

// ---- what is known

/** @type {Map<number, Picture>} */
const pools = new Map();
let run = 0;
let second = 0;
let more = 0;
/** @type {string[]} */
let notes = [];

/** @param {Message} message */
function learn(message) {
  if (message.run !== run) pools.clear();
  ({ run, second, more, notes } = message);
  const there = new Set(message.pools.map(({ id }) => id));
  for (const id of pools.keys()) if (!there.has(id)) pools.delete(id);
  for (const picture of message.pools) {
    const before = pools.get(picture.id);
    const first = picture.samples[0]?.[0] ?? Infinity;
    const kept = before?.samples.filter(([at]) => at > second - SECONDS && at < first) ?? [];
    const happened = picture.happened ?? before?.happened ?? [];
    pools.set(picture.id, { ...picture, happened, samples: [...kept, ...picture.samples] });
  }
}

// ---- words

const number = (/** @type {number} */ n) => n.toLocaleString("en");

/** @param {number | null} ms */
function duration(ms) {
  if (ms === null) return "?";
  if (ms < 0.1) return "< 0.1 ms";
  if (ms < 10) return \`\${Number(ms.toFixed(1))} ms\`;
  if (ms < 1000) return \`\${Math.round(ms)} ms\`;
  if (ms < 10_000) return \`\${(ms / 1000).toFixed(1)} s\`;
  const s = Math.floor(ms / 1000);
  if (s < 120) return \`\${s} s\`;
  const min = Math.floor(s / 60);
  return min < 120 ? \`\${min} min \${s % 60} s\` : \`\${Math.floor(min / 60)} h \${min % 60} min\`;
}

/** @type {Record<string, string>} */
const REFUSED = {
  timeout: "A get timed out",
  aborted: "A get was aborted by its caller",
  maxWaiting: "A get was refused: maxWaiting others wait",
  overload: "A get was refused: overload",
  deadlock: "A get was refused: deadlock",
  "shut down": "A get was refused: the pool is shut down",
  failure: "A get failed: a creation or a hook failed",
};

/** @type {Record<string, string>} */
const CLOSED = {
  wornOut: "after maxUse uses",
  expired: "at the end of its lifetime",
  recycled: "idle for too long",
  discarded: "discarded by its borrower",
  unhealthy: "health returned false or failed",
  unfit: "a hook failed",
  invalidated: "invalidated",
  killed: "held for too long, and taken away",
  leaked: "its lease leaked",
  reset: "by reset",
  resized: "by resize",
  reclaimed: "for another pool of its quota",
  shutdown: "by shutdown",
  leftover: "left by a failed attempt",
};

const HARMLESS =
  /^(closed (wornOut|expired|recycled|reset|resized|reclaimed|shutdown)|refused aborted)$/;

/** Without the folders above the last one. @param {string} line */
function shortLine(line) {
  return line.replace(/(?:\\w+:\\/\\/)?[^\\s()]*\\/([^\\s()/]+\\/[^\\s()/]+:\\d+)/, "$1");
}

/** @param {Happening} happening */
function sentence({ what, why }) {
  if (what === "failed") return \`An object could not be created: \${why}\`;
  if (what === "refused") return REFUSED[why] ?? \`A get was refused: \${why}\`;
  if (what === "lost") return "A lease leaked: its borrower never returned the object";
  return \`An object was closed: \${CLOSED[why] ?? why}\`;
}

// ---- parts of a card

/** @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {string} name @param {string} [text] @param {string} [kind] */
function make(name, text = "", kind = "") {
  const element = document.createElement(name);
  if (text !== "") element.textContent = text;
  if (kind !== "") element.className = kind;
  return element;
}

/**
 * The rows of a table: each cell a text, or a text and below it a smaller one, which is short for a third. Rows that are there stay.
 *
 * @param {HTMLElement} body
 * @param {{ cells: (string | [text: string, below: string, whole: string])[], bad?: boolean }[]} rows
 * @param {string} kinds one letter a column: t a text, k a short one, n a number
 * @param {string} nothing
 */
function fill(body, rows, kinds, nothing) {
  const key = JSON.stringify(rows);
  if (body.dataset.key === key) return;
  body.dataset.key = key;
  if (rows.length === 0) {
    const cell = /** @type {HTMLTableCellElement} */ (make("td", nothing));
    cell.colSpan = kinds.length;
    const row = make("tr");
    row.append(cell);
    body.replaceChildren(row);
    return;
  }
  if (body.querySelector("[colspan]")) body.replaceChildren();
  while (body.children.length > rows.length) body.lastElementChild?.remove();
  while (body.children.length < rows.length) {
    const row = make("tr");
    for (const kind of kinds) row.append(make("td", "", kind));
    body.append(row);
  }
  rows.forEach(({ cells, bad }, i) => {
    const row = /** @type {Element} */ (body.children[i]);
    cells.forEach((cell, j) => {
      const td = /** @type {Element} */ (row.children[j]);
      const [text, below, whole] = typeof cell === "string" ? [cell, "", ""] : cell;
      td.classList.toggle("bad", bad === true && kinds[j] === "t");
      if (below === "") return write(td, text);
      if (td.childNodes.length !== 2) td.replaceChildren("", make("small"));
      const small = /** @type {HTMLElement} */ (td.lastChild);
      /** @type {ChildNode} */ (td.firstChild).nodeValue = text;
      write(small, below);
      small.title = whole;
    });
  });
}

/** @param {HTMLElement} list @param {Record<string, number>} totals */
function fillTotals(list, totals) {
  const names = Object.keys(totals);
  if (list.dataset.names !== names.join()) {
    list.dataset.names = names.join();
    list.replaceChildren(...names.map((name) => {
      const div = make("div");
      div.append(make("dt", name), make("dd"));
      return div;
    }));
  }
  names.forEach((name, i) => {
    write(/** @type {Element} */ (list.children[i]?.lastChild), number(totals[name] ?? 0));
  });
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {HTMLElement} box @param {[name: string, kind: string, spread: Spread][]} spreads */
function drawBars(box, spreads) {
  if (box.children.length === 0) {
    for (const [, kind] of spreads) {
      const figure = make("figure", "", kind);
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("role", "img");
      svg.setAttribute("preserveAspectRatio", "none");
      const caption = make("figcaption");
      caption.append(make("span"), make("span"), make("span"));
      figure.append(svg, caption);
      box.append(figure);
    }
  }
  spreads.forEach(([name, , spread], i) => {
    const figure = /** @type {Element} */ (box.children[i]);
    const svg = /** @type {Element} */ (figure.firstElementChild);
    const caption = /** @type {Element} */ (figure.lastElementChild);
    const bars = [...spread.bars];
    while (bars.length < 12) bars.push(0);
    const most = Math.max(1, ...bars);
    set(svg, "viewBox", \`0 0 \${bars.length} 100\`);
    set(svg, "aria-label", histogram(name, spread));
    while (svg.children.length > bars.length) svg.lastElementChild?.remove();
    while (svg.children.length < bars.length) svg.append(document.createElementNS(SVG, "rect"));
    bars.forEach((count, j) => {
      const rect = /** @type {Element} */ (svg.children[j]);
      const height = count === 0 ? 0 : Math.max(3, 100 * count / most);
      set(rect, "x", String(j + 0.08));
      set(rect, "width", "0.84");
      set(rect, "y", String(100 - height));
      set(rect, "height", String(height));
    });
    write(/** @type {Element} */ (caption.children[0]), "0");
    write(/** @type {Element} */ (caption.children[1]), name);
    write(/** @type {Element} */ (caption.children[2]), duration(2 ** (bars.length - 1)));
  });
}

/** @param {string} name @param {Spread} spread */
function histogram(name, { bars, count }) {
  if (count === 0) return \`Histogram, \${name}: none\`;
  const parts = bars.flatMap((n, i) => {
    const upTo = i === 0 ? "under 1 ms" : \`under \${duration(2 ** i)}\`;
    return n === 0 ? [] : [\`\${number(n)} \${upTo}\`];
  });
  return \`Histogram, \${name}: \${parts.join(", ")}\`;
}

/** The runs of samples without a gap. @param {Sample[]} samples */
function runs(samples) {
  /** @type {Sample[][]} */
  const all = [];
  for (const sample of samples) {
    const last = all.at(-1);
    const before = last?.at(-1);
    if (last && before && sample[0] - before[0] <= 3) last.push(sample);
    else all.push([sample]);
  }
  return all;
}

/**
 * The area between two heights, as steps.
 *
 * @param {Sample[][]} parts
 * @param {number} span
 * @param {(sample: Sample) => number} low
 * @param {(sample: Sample) => number} high
 */
function area(parts, span, low, high) {
  const x = (/** @type {number} */ at) => y(WIDTH * Math.max(0, 1 - (second + 1 - at) / span));
  return parts.map((part) => {
    const end = /** @type {Sample} */ (part.at(-1))[0] + 1;
    const up = part.map((sample, i) =>
      \`\${i ? "" : "M"}\${x(sample[0])} \${y(high(sample))}H\${x(part[i + 1]?.[0] ?? end)}V\`
    );
    const down = part.map((_, i) => part[part.length - 1 - i]).map((sample) =>
      sample === undefined ? "" : \`\${y(low(sample))}H\${x(sample[0])}V\`
    );
    return \`\${up.join("")}\${down.join("").slice(0, -1)}Z\`;
  }).join("");
}

/** The width of a plot, in units of its own. */
const WIDTH = 300;

/** Precise enough. */
const y = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** @param {Card} card @param {Picture} picture */
function plot({ is }, { counts, samples }) {
  const { maxSize = 0 } = counts;
  const highest = Math.max(1, ...samples.map(([, using, idle, making]) => using + idle + making));
  const top = Math.max(maxSize > 0 && maxSize < 4 * highest ? maxSize : 0, highest);
  const most = Math.max(0, ...samples.map(([, , , , waits]) => waits));
  const parts = runs(samples);
  const age = second - (samples[0]?.[0] ?? second);
  const span = SPANS.find((seconds) => age < seconds) ?? SECONDS;
  const at = (/** @type {number} */ n) => 74 - 70 * n / top;
  const queue = (/** @type {number} */ n) => 99 - 18 * n / Math.max(1, most);
  const [idle, using, making, bound, , waits] = is.plot.children;
  const paths = /** @type {const} */ ([
    [using, area(parts, span, () => at(0), ([, u]) => at(u))],
    [idle, area(parts, span, ([, u]) => at(u), ([, u, i]) => at(u + i))],
    [making, area(parts, span, ([, u, i]) => at(u + i), ([, u, i, m]) => at(u + i + m))],
    [bound, maxSize > 0 && maxSize <= top ? \`M0 \${y(at(maxSize))}H300\` : ""],
    [waits, most > 0 ? area(parts, span, () => queue(0), ([, , , , w]) => queue(w)) : ""],
  ]);
  for (const [path, d] of paths) set(/** @type {Element} */ (path), "d", d);
  write(
    is.most,
    maxSize > 0 && maxSize <= top ? \`maxSize \${number(maxSize)}\` : \`top \${number(top)}\`,
  );
  write(is.since, span === 60 ? "1 min ago" : \`\${span / 60} min ago\`);
  write(is.queue, most > 0 ? \`below: waiting, at most \${number(most)}\` : "nobody waited");
  const busiest = Math.max(0, ...samples.map(([, u]) => u));
  set(
    is.plot,
    "aria-label",
    \`The last \${span / 60} min: at most \${number(busiest)} in use, \${number(highest)} in all, \` +
      \`\${number(most)} waiting. Now \${counts.using} in use, \${counts.available} idle, \` +
      \`\${counts.creating} being created, \${counts.waiting} waiting\` +
      (maxSize > 0 ? \`; maxSize \${maxSize}.\` : "; no maxSize."),
  );
}

/** @param {number} shown @param {number} all */
const part = (shown, all) => shown < all ? \`\${number(shown)} of \${number(all)}\` : number(all);

/** @param {Card} card @param {Picture} picture */
function update(card, picture) {
  const { is, root } = card;
  const { counts, holders, name, rate, totals, verdict, waiters, waits, uses } = picture;
  card.level = root.dataset.level = verdict.level;
  write(is.name, name);
  write(is.verdict, verdict.text);
  write(
    is.using,
    counts.maxSize
      ? \`\${number(counts.using ?? 0)} / \${number(counts.maxSize)}\`
      : number(counts.using ?? 0),
  );
  write(is.idle, number(counts.available ?? 0));
  write(is.making, number(counts.creating ?? 0));
  write(is.waiting, number(counts.waiting ?? 0));
  is.requests.hidden = !counts.requesting;
  write(is.requesting, number(counts.requesting ?? 0));
  write(is.rate, rate === null ? "–" : number(rate));
  plot(card, picture);
  const row = (/** @type {string} */ what, /** @type {Spread} */ { count, p50, p90, p99 }) => ({
    cells: [what, number(count), ...[p50, p90, p99].map((ms) => count ? duration(ms) : "–")],
  });
  fill(is.times, [row("waiting", waits), row("holding", uses)], "knnnn", "");
  drawBars(is.bars, [["waiting", "waits", waits], ["holding", "uses", uses]]);
  write(is.holding, part(holders.length, counts.using ?? 0));
  fill(
    is.holders,
    holders.map(({ object, held, atLeast, label, line }) => ({
      cells: [
        [object, shortLine(line), line],
        label,
        held === null ? "lately" : \`\${atLeast ? "≥ " : ""}\${duration(held)}\`,
      ],
    })),
    "ttn",
    "No object is in use.",
  );
  write(is.queued, part(waiters.length, counts.waiting ?? 0));
  fill(
    is.waiters,
    waiters.map(({ label, priority, waited }) => ({
      cells: [label || "no label", String(priority), duration(waited)],
    })),
    "tnn",
    "No borrower waits.",
  );
  fill(
    is.events,
    (picture.happened ?? []).map((happening) => ({
      cells: [
        new Date(happening.last).toLocaleTimeString(),
        sentence(happening),
        number(happening.count),
      ],
      bad: !HARMLESS.test(\`\${happening.what} \${happening.why}\`),
    })),
    "ktn",
    "No failure and no closing so far.",
  );
  fillTotals(is.totals, totals);
}

// ---- the page

/** @type {Map<number, Card>} */
const cards = new Map();
let paused = false;

/** @param {Picture} picture @param {boolean} few */
function addCard({ id, name }, few) {
  const template = /** @type {HTMLTemplateElement} */ ($("card"));
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const root = /** @type {HTMLElement} */ (copy.firstElementChild);
  const parts = [...root.querySelectorAll("[data-is]")]
    .map((part) => [part.getAttribute("data-is"), part]);
  const is = /** @type {Parts} */ (Object.fromEntries(parts));
  root.id = \`pool-\${id}\`;
  is.name.id = \`name-\${id}\`;
  root.setAttribute("aria-labelledby", is.name.id);
  write(is.name, name);
  if (few) { for (const part of root.querySelectorAll("details")) part.open = true; }
  $("pools").append(root);
  const card = { root, is, level: "" };
  cards.set(id, card);
  return card;
}

function render() {
  if (paused || document.hidden || run === 0) return;
  for (const [id, { root }] of cards) {
    if (pools.has(id)) continue;
    root.remove();
    cards.delete(id);
  }
  if (cards.size === 0) $("pools").replaceChildren();
  const news = [];
  for (const [id, picture] of pools) {
    const card = cards.get(id) ?? addCard(picture, pools.size <= FEW);
    const before = card.level;
    update(card, picture);
    if (before !== "" && before !== card.level) {
      news.push(\`\${picture.name}: \${picture.verdict.text}\`);
    }
  }
  if (pools.size === 0) {
    $("pools").replaceChildren(make("p", "There is no pool at the moment.", "empty"));
  }
  if (news.length > 0) write($("news"), news.slice(0, 3).join(". "));
  summarize();
}

function summarize() {
  const trouble = [...pools.values()].filter(({ verdict }) => verdict.level === "trouble");
  const all = \`\${number(pools.size + more)} \${pools.size + more === 1 ? "pool" : "pools"}\`;
  const hidden = more > 0 ? \`, the first \${number(pools.size)} are shown\` : "";
  const state = \`\${all}\${hidden}, \${trouble.length || "none"} in trouble\`;
  write($("summary"), [state, ...notes].join("; "));
  document.title = trouble.length > 0 ? \`(\${trouble.length}) Pools\` : "Pools";
  const nav = $("trouble");
  const key = JSON.stringify(trouble.map(({ id, name }) => [id, name]));
  nav.hidden = trouble.length === 0 || pools.size <= FEW;
  if (nav.dataset.key === key) return;
  nav.dataset.key = key;
  nav.replaceChildren(...trouble.map(({ id, name }) => {
    const link = /** @type {HTMLAnchorElement} */ (make("a", name));
    link.href = \`#pool-\${id}\`;
    return link;
  }));
}

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  render();
});

// ---- the connection

/** @type {EventSource | undefined} */
let source;
let heard = performance.now();
/** When the page was hidden. @type {number | undefined} */
let hiddenAt;

function connect() {
  const url = new URL(location.href);
  url.hash = "";
  url.searchParams.set("events", run === 0 ? "" : \`\${run}-\${second}\`);
  source?.close();
  source = new EventSource(url);
  source.addEventListener("message", ({ data }) => {
    heard = performance.now();
    $("banner").hidden = true;
    learn(JSON.parse(data));
    render();
  });
}

let tries = 0;

/** Each second: says if there is no news, and asks again where the browser has given up. */
function watch() {
  const silent = performance.now() - heard;
  if (document.hidden) {
    hiddenAt ??= performance.now();
    if (performance.now() - hiddenAt > HIDDEN) source?.close();
    return;
  }
  if (silent < LOST) return void (tries = 0);
  write($("banner"), \`The server has not answered for \${duration(silent)}. Trying again …\`);
  $("banner").hidden = false;
  // A connection that hangs, or was refused, is not tried again by the browser.
  if (source?.readyState === EventSource.CLOSED || ++tries % 10 === 0) connect();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return void (hiddenAt = performance.now());
  hiddenAt = undefined;
  if (source?.readyState !== EventSource.CLOSED) return render();
  heard = performance.now();
  connect();
});

connect();
setInterval(watch, 1000);
</script>
  </body>
</html>
`;

/** Its Content-Security-Policy: nothing runs and nothing is loaded but what is in it. */
export const POLICY: string =
  "default-src 'none'; script-src 'sha256-JBjV/zqSVGVotBunTjjX/RuUMuq5Zrr/SqtWGkFvYNg='; style-src 'sha256-tbTfVCRo/ELc0fOUQ+P6ZUqvFkitNlVfDoGM3bKDRMk='; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
