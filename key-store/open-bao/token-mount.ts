import { basename, dirname } from "node:path";
import { OPEN_BAO_AUDIENCE, OPEN_BAO_TOKEN_FILE } from "./settings.ts";

/** The volume with the pod's own token for the store, kept fresh by the kubelet, and its folder. No API server takes the token. */
export const tokenMount = {
  volume: {
    name: "key-store-token",
    projected: {
      // For the pod's group alone, so that the process's user need not own it.
      defaultMode: 0o440,
      sources: [
        {
          serviceAccountToken: {
            audience: OPEN_BAO_AUDIENCE,
            expirationSeconds: 3_600,
            path: basename(OPEN_BAO_TOKEN_FILE),
          },
        },
      ],
    },
  },
  mountPath: dirname(OPEN_BAO_TOKEN_FILE),
};
