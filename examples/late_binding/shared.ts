// What all modules share: it can be imported before anybody knows what it will be.
import { Proxy } from "../../mod.ts";

export const greeting = new Proxy<string>();
