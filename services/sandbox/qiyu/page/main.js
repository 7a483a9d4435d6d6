// @ts-check
// Qiyu's desk: people who stand for the staff there.

import { StaffDesk } from "/page/staff_desk.js";
import { People } from "./people.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Account} Account */
/** @typedef {import("./types.js").Customer} Customer */

const PUSHES = 10;

/** @type {import("/page/staff_desk.js").Vendor<Account, Customer>} */
const QIYU = {
  say,
  accounts: "/qiyu/accounts",
  keyed: "app_key",
  query: (chosen) => ({ uid: chosen ?? "", pushes: String(PUSHES) }),
  asMe: ["accept", "begin"],
  people: (choose) => new People(choose),
  talk: (act, back) => new Talk(act, back),
  side: (does) => new Side((staff, online) => does("POST", `/staff/${staff}`, { online }), (faults) => does("PUT", "/faults", faults)),
};

export const desk = new StaffDesk(QIYU);
