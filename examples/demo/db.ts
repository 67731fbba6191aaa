// The proxy: imported by all that asks the database, long before anybody knows where that is.
// @ts-types="@types/pg"
import type { Client } from "pg";
import { Proxy } from "../../mod.ts";
import { pooling } from "./pooling.ts";

export const db = new Proxy<Client>({ ...pooling, maxSize: 10, scope: "versatile" });
