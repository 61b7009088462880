import type { FailoverGroupObject } from "../../crds/resources.ts";
import type { Installed } from "./upgrade.ts";

/** What a group runs, for those that come after it: while gateways of one of its partners stay behind, what those run. */
export function installedOf({ metadata: { name }, status = {} }: FailoverGroupObject): Installed {
  const behind = status.dedicated?.find(({ image }) => image !== undefined && image !== status.image);
  const { image, failedImage } = behind ?? status;
  return { name, image, failedImage };
}
