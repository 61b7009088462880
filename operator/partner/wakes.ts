import { ENROLMENT, enrolmentClient } from "../../crds/enrolment.ts";
import { ROSTER_NAME, SERVED, SERVED_LABEL } from "../../crds/shard.ts";
import type { ClusterEvent, Clusters } from "../../kube/clusters.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, parseKey } from "../../kube/object.ts";
import { HOME } from "../../kube/plan.ts";
import { CSR_ANNOTATION } from "../csr/names.ts";
import {
  type ApprovalObject,
  type ConsentPolicyObject,
  type FailoverGroupObject,
  type PartnerObject,
  partners,
} from "../../crds/resources.ts";
import { behaviourOf } from "../signed/server.ts";
import { isOfGroup } from "../signed/stack-place.ts";

/**
 * Which Partners a change elsewhere concerns, beside those that own the object.
 *
 * Pods renew their Leases every few seconds, and groups change their status often: only what a Partner's plan reads
 * wakes it, and only Partners that wait for it.
 */
export function partnerWakes(clusters: Clusters): (event: ClusterEvent) => readonly ObjectKey[] {
  const all = (): readonly PartnerObject[] => clusters.get(HOME)?.cache(partners)?.list() ?? [];
  return ({ cluster, resource, change }) => {
    const { object, previous, type } = change;
    const { name, namespace, annotations } = object.metadata;
    const those = (wanted: (partner: PartnerObject) => boolean): readonly ObjectKey[] =>
      all().filter(wanted).map(keyOf);
    const isNews = type !== "updated" || generation(object) !== generation(previous);
    switch (resource.kind) {
      case "ConsentPolicy":
        // Its text goes out once its status names it.
        return isNews || toldOf(object) !== toldOf(previous)
          ? those(
              ({ metadata, spec }) => metadata.namespace === namespace && spec.consentPolicyRef.name === name,
            )
          : [];
      case "Approval": {
        const { subject } = (object as ApprovalObject).spec;
        return isNews ? [{ namespace: subject.namespace, name: subject.name }] : [];
      }
      case "FailoverGroup": {
        if (isNews) return those((partner) => groupsOf(partner).includes(name));
        const moved = changedGateways(object as FailoverGroupObject, previous as FailoverGroupObject);
        return moved.size === 0 ? [] : those((partner) => moved.has(keyText(keyOf(partner))));
      }
      case "Namespace":
        // That of its own gateways: its shard can be put there.
        return type === "added" ? those(({ status }) => name.endsWith(`-${status?.clientId}`)) : [];
      case "Region":
        return isNews ? those(() => true) : [];
      case "CertificateSigningRequest": {
        const partner = cluster === HOME ? annotations?.[CSR_ANNOTATION.partner] : undefined;
        return partner?.includes("/") ? [parseKey(partner)] : [];
      }
      case "Lease": {
        const asking = enrolmentClient(name);
        if (asking !== undefined) {
          const csr = (of: KubeObject | undefined) => of?.metadata.annotations?.[ENROLMENT.csr];
          const isNew = type !== "removed" && csr(object) !== csr(previous);
          return isNew
            ? those((partner) => partner.status?.clientId === asking && isIn(partner, namespace))
            : [];
        }
        if (
          !object.metadata.labels?.[SERVED_LABEL] ||
          !(type !== "updated" || reported(object) !== reported(previous))
        ) {
          return [];
        }
        const refusing = refusals(object) !== refusals(previous);
        const scores = changedScores(object, previous);
        return those(
          (partner) =>
            isIn(partner, namespace) &&
            (refusing || scores.has(partner.status?.clientId ?? "") || waits(partner, namespace)),
        );
      }
      case "ConfigMap":
        return name === ROSTER_NAME
          ? those((partner) => isIn(partner, namespace) && (isLeaving(partner) || partner.spec.suspended))
          : [];
      default:
        return [];
    }
  };
}

function toldOf(policy: KubeObject | undefined): string | undefined {
  return (policy as ConsentPolicyObject | undefined)?.status?.hash;
}

function generation(object: KubeObject | undefined): string {
  return `${object?.metadata.generation} ${object?.metadata.deletionTimestamp}`;
}

function groupsOf({ spec, status }: PartnerObject): readonly string[] {
  return [...spec.groups, ...(status?.groups?.map(({ name }) => name) ?? [])];
}

function isIn(partner: PartnerObject, namespace: string | undefined): boolean {
  return groupsOf(partner).some((group) => isOfGroup(namespace, group));
}

/** Whether the Partner does not say yet that the stack of that namespace serves it, or shows a suspension. */
function waits(partner: PartnerObject, namespace: string | undefined): boolean {
  const state = partner.status?.groups?.find(({ name }) => isOfGroup(namespace, name));
  return partner.spec.suspended || state?.served !== true;
}

function isLeaving({ metadata }: PartnerObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** What a pod says it has applied; its renewals are no news. */
function reported(lease: KubeObject | undefined): string {
  const annotations = lease?.metadata.annotations ?? {};
  return JSON.stringify(Object.values(SERVED).map((name) => annotations[name]));
}

/** Partners (`namespace/name`) of whose own gateways the group says something else than before, how busy they are apart. */
function changedGateways(group: FailoverGroupObject, previous: FailoverGroupObject): ReadonlySet<string> {
  const said = ({ status }: FailoverGroupObject) =>
    new Map(status?.dedicated?.map((each) => [each.partner, JSON.stringify({ ...each, load: undefined })]));
  const [now, before] = [said(group), said(previous)];
  return new Set([...now.keys(), ...before.keys()].filter((name) => now.get(name) !== before.get(name)));
}

/** Clients of which a gateway thinks otherwise than before. */
function changedScores(lease: KubeObject, previous: KubeObject | undefined): ReadonlySet<string> {
  const scores = (of: KubeObject | undefined) => behaviourOf(of?.metadata.annotations?.[SERVED.behaviour]);
  const [now, before] = [scores(lease), scores(previous)];
  return new Set(
    [...now.keys(), ...before.keys()].filter((client) => now.get(client) !== before.get(client)),
  );
}

function refusals(lease: KubeObject | undefined): string {
  return lease?.metadata.annotations?.[SERVED.refused] ?? "[]";
}
