import type { GatewayLoad } from "../../crds/gateway-load.ts";
import type { RegionSpec } from "../../crds/region.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import { stackNamespace } from "../signed/stack-place.ts";
import { withinConnections } from "../stack/connections.ts";
import type { Stack } from "../stack/stack.ts";
import { activeOf } from "./finding.ts";
import { storeOf } from "./stored-keys.ts";
import type { MadeVolume, World } from "./world.ts";

/** The active Region's spec. Where nothing was found wrong, it is there. @throws Error elsewhere. */
export function activeSpec(group: FailoverGroupObject, { members }: World): RegionSpec {
  const region = activeOf(group);
  const spec = members.find(({ name }) => name === region)?.spec;
  if (spec) return spec;
  throw new Error(`FailoverGroup ${group.metadata.name}: a check let pass what cannot be rendered.`);
}

/** The stack of a group in its active region, with as many gateways as they need by what they report. */
export function stackOf(
  group: FailoverGroupObject,
  world: World,
  wekeza: string,
  load: GatewayLoad | undefined,
): Stack {
  const region = activeOf(group);
  const spec = activeSpec(group, world);
  const { name } = group.metadata;
  if (!world.region?.serviceCa || !world.partnerCa || !world.hostTls)
    throw new Error(`FailoverGroup ${name}: a check let pass what cannot be rendered.`);
  const { api, auth, mtlsAuth } = group.spec.hosts;
  const store = storeOf(group, spec, world.region.observed);
  return {
    group: name,
    namespace: stackNamespace(name),
    region,
    country: spec.country,
    environment: spec.environment,
    demoData: spec.demoData,
    hosts: { api, auth, mtlsAuth },
    images: { ...world.images, wekeza },
    gateway: { ...spec.runtime.gateway, ...(load ? { minReplicas: load.minReplicas } : {}) },
    services: withinConnections(spec.runtime.services),
    webhooks: { privateHosts: [], ...spec.webhooks },
    ...(spec.channels ? { channels: spec.channels } : {}),
    ...(spec.core ? { core: spec.core } : {}),
    ...(spec.fraud ? { fraud: spec.fraud } : {}),
    ...(spec.scheme ? { scheme: spec.scheme } : {}),
    ...(store ? { keyStore: store } : {}),
    ...streamOf(spec, world.images, world.region.made.kafka),
    ...volumeOf(spec, world.region.made.postgres),
    ...replicasOf(spec, world.region.made.replicas),
    trust: world.trust,
    hostTls: world.hostTls,
    serviceCa: world.region.serviceCa,
    partnerCa: world.partnerCa,
    apiServer: world.region.apiServer,
    operator: world.region.operator,
  };
}

/** The same with another image of the platform's own processes. */
export function withImage(stack: Stack, wekeza: string): Stack {
  return { ...stack, images: { ...stack.images, wekeza } };
}

function volumeOf(
  { database }: Pick<RegionSpec, "database">,
  made: MadeVolume = database,
): Pick<Stack, "storage" | "storageClass"> {
  return { storage: made.storage, ...classOf(made) };
}

function replicasOf(
  { database }: Pick<RegionSpec, "database">,
  made: MadeVolume | undefined,
): Pick<Stack, "readReplicas"> {
  const replicas = database.readReplicas;
  return replicas > 0 ? { readReplicas: { replicas, ...volumeOf({ database }, made) } } : {};
}

function classOf({ storageClass }: Pick<MadeVolume, "storageClass">): { readonly storageClass?: string } {
  return storageClass === undefined ? {} : { storageClass };
}

/** @throws Error when a Region wants a stream that this installation has no image for. */
function streamOf(
  { stream, database }: Pick<RegionSpec, "stream" | "database">,
  { kafka }: World["images"],
  made: Pick<MadeVolume, "storageClass"> = database,
): Pick<Stack, "kafka"> {
  if (stream === undefined) return {};
  if (kafka !== undefined) return { kafka: { image: kafka, ...classOf(made) } };
  throw new Error(
    "The Region wants a stream, and the operator knows no image of Kafka; give it images.kafka, or take spec.stream out.",
  );
}
