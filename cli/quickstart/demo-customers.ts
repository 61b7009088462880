import { createHash } from "node:crypto";
import type { Customer } from "./customer.ts";
import type { Group } from "./platform.ts";

/**
 * Who logs in at a group: a customer of its region's demo data.
 *
 * Names and passwords are public, because these people exist in sandboxes only; a production region has none.
 */
export function demoCustomer({ country }: Pick<Group, "country">): Customer {
  const username = country === "KE" ? "wanjiru" : "anna";
  // The seed makes the same people with the same ids every time, so that tests can know them.
  const digest = createHash("sha256").update(`wekeza demo ${country}/${username}`).digest("hex");
  return { id: `cus-${digest.slice(0, 16)}`, username, password: `sandbox-${username}` };
}
