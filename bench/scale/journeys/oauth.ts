import { grantStore } from "../../../runtime/oauth/adapter/grant-store.ts";
import type { World } from "./world.ts";

/** Grants and refresh tokens are made, looked for, used and ended. */
export async function oauthJourney({ as, round }: World): Promise<void> {
  const store = grantStore(as.oauth);
  const [grant, token, consent] = [`grant-${round}`, `token-${round}`, `consent-${round}`];
  const payload = { clientId: "scale-ptn-1", accountId: "scale-cus-1", grantId: grant };
  await store.saveGrant(grant, payload, 60);
  await store.bindConsent(grant, consent);
  await store.saveRefreshToken(token, payload, 60);
  await store.findGrant("scale-grant-11");
  await store.findRefreshToken("scale-token-11");
  await store.findRefreshToken("nobody's");
  await store.consumeRefreshToken(token);
  await store.removeRefreshToken("scale-token-12");
  await store.removeRefreshTokensOf("scale-grant-13");
  await store.revokeConsent(consent);
  await store.revokeGrant("scale-grant-14");
  await store.saveGrant(grant, payload, 60);
  await store.revokeGrant(grant);
  const { cursor } = await store.endedGrants(undefined);
  await store.endedGrants(cursor);
  await store.sweep(500);
}
