import { request } from "node:https";
import type { KeyPair } from "./certificate.ts";

/** Whether a kube-apiserver says of itself that it is ready. @throws Error when there is no answer within 2 s. */
export function apiReady(server: string, authority: string, user: KeyPair): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const options = { ca: authority, cert: user.certificate, key: user.key, agent: false as const };
    request(`${server}/readyz`, { ...options, signal: AbortSignal.timeout(2_000) }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", reject)
      .end();
  });
}
