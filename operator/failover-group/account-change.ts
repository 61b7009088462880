import type { KubeObject } from "../../kube/object.ts";
import { type Observed, observedKey, type Workload } from "./component.ts";

/** Annotation of a pod template: the ServiceAccount that its pods' tokens are of, once that is a new one. */
export const ACCOUNT_ANNOTATION = "openbanking.wekeza.io/account-uid";

/** A workload as the stack renders it. */
interface Rendered extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: { readonly serviceAccountName: string };
    };
  };
}

/** Job templates cannot change; a Job whose pod fails makes another. */
const ROLLING = new Set(["Deployment", "StatefulSet"]);

/**
 * Starts the pods of a workload again when their ServiceAccount is younger than the workload: somebody deleted it, and the
 * tokens of running pods ended with it.
 *
 * A workload that is made anew starts with the new account anyway, so nothing starts twice on a first installation.
 */
export function followAccounts(wanted: readonly KubeObject[], observed: Observed): readonly KubeObject[] {
  return wanted.map((object) => {
    if (!ROLLING.has(object.kind)) return object;
    const rendered = object as Rendered;
    const live = observed.get(observedKey(object));
    const { metadata, spec } = rendered.spec.template;
    const uid = live && accountOf(live, observed.get(`ServiceAccount ${spec.serviceAccountName}`));
    if (uid === undefined) return object;
    const annotations = { ...metadata.annotations, [ACCOUNT_ANNOTATION]: uid };
    const template = { ...rendered.spec.template, metadata: { ...metadata, annotations } };
    return { ...rendered, spec: { ...rendered.spec, template } };
  });
}

/** UID of the account that a workload's pods are to be of; undefined when it has not changed since the workload was made. */
function accountOf(live: Workload, account: Workload | undefined): string | undefined {
  const { template } = (live.spec ?? {}) as Partial<Rendered["spec"]>;
  const present = template?.metadata.annotations?.[ACCOUNT_ANNOTATION];
  // While the account is away, nothing starts: its successor starts the pods once.
  if (!account) return present;
  // Once said it is kept true, whoever writes something else there.
  if (present !== undefined) return account.metadata.uid;
  const [made, born] = [live.metadata.creationTimestamp ?? "", account.metadata.creationTimestamp ?? ""];
  return born > made ? account.metadata.uid : undefined;
}
