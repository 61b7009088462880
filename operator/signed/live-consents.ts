import { Type } from "typebox";
import { Value } from "typebox/value";
import {
  LIVE_CONSENTS_ANNOTATION,
  LIVE_CONSENTS_MAX_AGE_MS,
  LiveConsents,
} from "../../crds/live-consents.ts";
import type { Lease } from "../../kube/resources.ts";

const Report = Type.Array(LiveConsents);

/** What a stack's Lease says of live consents; undefined where it says nothing, or said it too long ago. */
export function liveConsentsIn(lease: Lease | undefined, now: Date): readonly LiveConsents[] | undefined {
  const age = now.getTime() - Date.parse(lease?.spec?.renewTime ?? "");
  const text = lease?.metadata.annotations?.[LIVE_CONSENTS_ANNOTATION];
  if (text === undefined || !(age <= LIVE_CONSENTS_MAX_AGE_MS)) return undefined;
  try {
    const report: unknown = JSON.parse(text);
    return Value.Check(Report, report) ? report : undefined;
  } catch {
    return undefined;
  }
}
