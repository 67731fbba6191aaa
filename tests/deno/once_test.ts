// What the tests share on disk is made once, however many want it, and never taken half-made.

import { assertEquals, assertRejects } from "@std/assert";
import { madeOnce } from "../../scripts/once.ts";
import { sleep } from "../helpers/until.ts";

Deno.test("madeOnce: many want it, one makes it, and all find it whole", async () => {
  const dir = await Deno.makeTempDir();
  let made = 0;
  const want = async () => {
    await madeOnce(`${dir}/home`, async (part) => {
      made++;
      await sleep(50);
      await Deno.writeTextFile(`${part}/file`, "whole");
    });
    return await Deno.readTextFile(`${dir}/home/file`);
  };
  assertEquals(await Promise.all([want(), want(), want()]), ["whole", "whole", "whole"]);
  assertEquals([await want(), made], ["whole", 1]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("madeOnce: what fails leaves nothing, and may be tried again", async () => {
  const dir = await Deno.makeTempDir();
  const fails = (part: string) =>
    Deno.writeTextFile(`${part}/file`, "half").then(() => {
      throw new Error("interrupted");
    });
  await assertRejects(() => madeOnce(`${dir}/home`, fails), Error, "interrupted");
  assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["home.lock"]);
  await madeOnce(`${dir}/home`, (part) => Deno.writeTextFile(`${part}/file`, "whole"));
  assertEquals(await Deno.readTextFile(`${dir}/home/file`), "whole");
  await Deno.remove(dir, { recursive: true });
});
