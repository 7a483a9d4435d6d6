// @ts-check
// Zhima's desk: people who stand for the staff there.

import { StaffDesk } from "/page/staff_desk.js";
import { People } from "./people.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Product} Product */
/** @typedef {import("./types.js").Customer} Customer */

const SHOWN = 10;

/** @type {import("/page/staff_desk.js").Vendor<Product, Customer>} */
const ZHIMA = {
  say,
  accounts: "/zhima/products",
  keyed: "access_key",
  query: (chosen) => ({ openid: chosen ?? "", shown: String(SHOWN) }),
  asMe: ["accept"],
  people: (choose) => new People(choose),
  talk: (act, back) => new Talk(act, back),
  side: (does) => new Side((staff, online) => does("POST", `/staff/${staff}`, { online }), (faults) => does("PUT", "/faults", faults)),
};

export const desk = new StaffDesk(ZHIMA);
