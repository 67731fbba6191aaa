// Whether a tag may be released: its version is that of deno.json, and CHANGELOG.md tells of it.

import config from "../deno.json" with { type: "json" };

/** What keeps `tag` from being released, a line each. */
export function obstacles(tag: string, version: string, changelog: string): string[] {
  return [
    ...(tag === `v${version}` ? [] : [
      `the tag is "${tag}", but the version in deno.json is ${version}: tag v${version}, or change that`,
    ]),
    ...(isTold(version, changelog) ? [] : [
      `CHANGELOG.md has no section "## ${version} - YYYY-MM-DD" that says what is new: write one`,
    ]),
  ];
}

/** Whether there is text between the version's heading, with its date, and the next. */
function isTold(version: string, changelog: string): boolean {
  return changelog.split(/^## /m).slice(1).some((section) => {
    const [heading = "", ...lines] = section.split("\n");
    const [named, date = ""] = heading.split(" - ");
    const isDated = named === version && /^\d{4}-\d\d-\d\d$/.test(date);
    return isDated && lines.some((line) => /^[^#]*\w/.test(line));
  });
}

if (import.meta.main) {
  const [tag = ""] = Deno.args;
  const found = obstacles(tag, config.version, await Deno.readTextFile("CHANGELOG.md"));
  for (const obstacle of found) console.error(obstacle);
  if (found.length === 0) console.log(`${tag} is ready to be released`);
  Deno.exit(found.length > 0 ? 1 : 0);
}
