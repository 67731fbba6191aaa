// Reads the JUnit reports of Deno, Node and Bun: every test, but no suite, with its path and outcome.

export interface Case {
  /** The names of the suites around it, outermost first, then its own. */
  path: string[];
  outcome: "passed" | "failed" | "skipped";
  /** What the failure says. */
  message: string;
}

/**
 * Deno's outermost suites are files. It reports suites as tests too, and joins all names into one: a
 * suite's is the beginning of others.
 */
export function readDeno(report: string): Case[] {
  const cases = readJunit(report).map(withoutFile);
  const names = cases.map(({ path }) => path.join(" > "));
  const isSuite = (name: string) => names.some((other) => other.startsWith(`${name} > `));
  // A suite's own failure, in a hook, is one that no test of it reports.
  const ofTests = /^\d+ test steps? failed\.?$/;
  return cases.filter(({ outcome, message }, i) =>
    !isSuite(names[i]!) || (outcome === "failed" && !ofTests.test(message))
  ).map(withReason);
}

/** Why a test is skipped, "subject: what it shows (skipped: why)" says by its name: nothing else can. */
function withReason(one: Case): Case {
  const [, subject, message] = /^(.*?): .* \(skipped: (.*)\)$/.exec(one.path.join(" > ")) ?? [];
  return one.outcome === "skipped" && subject && message
    ? { path: [subject], outcome: "skipped", message }
    : one;
}

/** Node wraps what a test threw in an error of its own, and prints both. */
export function readNode(report: string): Case[] {
  return readJunit(report).map((one) => {
    const cause = /\bcause: (.*)\}$/s.exec(one.message)?.[1];
    return { ...one, message: cause?.trim() ?? one.message };
  });
}

/** Bun's outermost suites are files. */
export function readBun(report: string): Case[] {
  return readJunit(report).map(withoutFile);
}

function withoutFile(one: Case): Case {
  return { ...one, path: one.path.slice(1) };
}

const TAG =
  /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/g;

function readJunit(xml: string): Case[] {
  const cases: Case[] = [];
  const suites: string[] = [];
  for (const match of xml.matchAll(TAG)) {
    const [whole, end, tag, attributes = "", empty] = match;
    const last = cases.at(-1);
    if (tag === "testsuite") {
      if (end) suites.pop();
      else if (!empty) suites.push(attribute(attributes, "name"));
    } else if (tag === "testcase") {
      const path = [...suites, attribute(attributes, "name")];
      if (!end) cases.push({ path, outcome: "passed", message: "" });
    } else if (tag === "skipped") {
      if (last) last.outcome = "skipped";
    } else if (!end && last) {
      last.outcome = "failed";
      last.message = empty
        ? attribute(attributes, "message")
        : textUntilTag(xml, match.index + whole.length);
    }
  }
  return cases;
}

function attribute(attributes: string, name: string): string {
  return unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

function textUntilTag(xml: string, start: number): string {
  return unescape(xml.slice(start, xml.indexOf("</", start))).trim();
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'" };

/** `&amp;` first, since Node escapes quotes twice. */
function unescape(text: string): string {
  return text.replaceAll("&amp;", "&")
    .replace(/&(lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]!)
    .replace(
      /&#(x?)([0-9a-fA-F]+);/g,
      (_, hex: string, code: string) => String.fromCodePoint(parseInt(code, hex ? 16 : 10)),
    );
}
