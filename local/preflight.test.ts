import { expect, test } from "vitest";
import { planOf } from "./address-plan.ts";
import { type Machine, obstacle } from "./preflight.ts";

const fit: Machine = {
  platform: "linux",
  architecture: "x64",
  uid: 0,
  has: () => true,
  routes:
    "default via 192.0.2.1 dev eth0\n10.64.0.0/24 dev wk0 proto kernel\n10.65.0.0/16 via 10.64.0.11 dev wk0",
  cache: "/root/.cache/wekeza",
  freeSpace: 50,
  memory: 16,
};

test("a machine that fits has no obstacle, also while the clusters are up", () => {
  expect(obstacle(fit, planOf(0))).toBeUndefined();
});

test.each<{ readonly why: string; readonly machine: Partial<Machine>; readonly says: string }>([
  { why: "macOS", machine: { platform: "darwin", uid: 501 }, says: "need Linux" },
  { why: "another processor", machine: { architecture: "s390x" }, says: "s390x" },
  { why: "no root", machine: { uid: 1000 }, says: "sudo" },
  { why: "no npm", machine: { has: (program) => program !== "npm" }, says: "apt-get install npm" },
  {
    why: "no apt",
    machine: { has: (program) => !["apt-get", "dpkg-deb"].includes(program) },
    says: "use Debian",
  },
  { why: "a cache that clusters cannot see", machine: { cache: "/var/lib/x" }, says: "XDG_CACHE_HOME" },
  { why: "addresses in use", machine: { routes: "10.66.0.0/16 dev vpn0" }, says: "WEKEZA_INSTANCE" },
  { why: "a full disk", machine: { freeSpace: 3 }, says: "12 are needed" },
  { why: "little memory", machine: { memory: 2 }, says: "2 GB of memory" },
])("$why is said in one sentence", ({ machine, says }) => {
  const sentence = obstacle({ ...fit, ...machine }, planOf(0));
  expect(sentence).toContain(says);
  expect(sentence).not.toContain("\n");
});
