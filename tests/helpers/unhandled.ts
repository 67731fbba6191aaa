// Notices promises that reject with nobody to hear it, on every runtime.

import process from "node:process";
import { idle } from "./pool.ts";

/** What rejections nobody handled while `fn` ran, and shortly after. */
export async function unhandledIn(fn: () => unknown): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    await fn();
    await idle();
  } finally {
    process.off("unhandledRejection", note);
  }
  return unhandled;
}
