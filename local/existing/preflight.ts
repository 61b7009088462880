import type { Machine } from "../preflight.ts";

/** Programs that make images out of packages. */
const NEEDED = ["apt-get", "dpkg-deb", "tar", "npm"];

/** Gigabytes that the caches take. */
const SPACE = 8;

/** Why a machine cannot make the images, as one sentence that says what to do; undefined when it can. No root is needed. */
export function imageObstacle({
  platform,
  architecture,
  has,
  cache,
  freeSpace,
}: Pick<Machine, "platform" | "architecture" | "has" | "cache" | "freeSpace">): string | undefined {
  if (platform !== "linux")
    return `The images are made on Linux, and this machine runs ${platform}: use a Linux machine or a virtual one.`;
  if (!["x64", "arm64"].includes(architecture))
    return `The images are made on x64 and arm64, and this machine is ${architecture}.`;
  const missing = NEEDED.filter((program) => !has(program));
  if (missing.length > 0)
    return `The images are made of Debian and npm packages, and ${missing.join(", ")} is missing: use Debian 12 or newer with npm.`;
  if (freeSpace < SPACE)
    return `Only ${freeSpace.toFixed(0)} GB are free below ${cache} and ${SPACE} are needed: make room or set XDG_CACHE_HOME.`;
  return undefined;
}
