import { expect, test } from "vitest";
import {
  type Claim,
  type ClaimingPod,
  newVolumes,
  PROVISIONER,
  releasedVolumes,
  type StorageClass,
  type Volume,
} from "./volume-plan.ts";

const storageClass: StorageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local" },
  provisioner: PROVISIONER,
  reclaimPolicy: "Delete",
};
const claim: Claim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: {
    name: "data",
    namespace: "n",
    uid: "u1",
    annotations: { "volume.kubernetes.io/selected-node": "ke" },
  },
  spec: {
    storageClassName: "local",
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "2Gi" } },
  },
};
const pod: ClaimingPod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "pg-0", namespace: "n" },
  spec: { securityContext: { fsGroup: 1000 }, volumes: [{ persistentVolumeClaim: { claimName: "data" } }] },
};
const world = { claims: [claim], volumes: [] as readonly Volume[], classes: [storageClass], pods: [pod] };

test("a claim that the scheduler gave to the node gets a folder with its pod's group", async () => {
  const [made] = newVolumes(world, "/volumes", "ke");
  expect(made).toMatchObject({ folder: "/volumes/pvc-u1", group: 1000 });
  await expect(JSON.stringify(made?.volume, undefined, 2)).toMatchFileSnapshot("golden/volume.json");
});

test.each([
  { why: "another node's claim", given: world, node: "eu" },
  {
    why: "a claim of another class",
    given: { ...world, classes: [{ ...storageClass, provisioner: "other" }] },
    node: "ke",
  },
  {
    why: "a claim that has its volume",
    given: { ...world, claims: [{ ...claim, spec: { ...claim.spec, volumeName: "v" } }] },
    node: "ke",
  },
])("$why is left alone", ({ given, node }) => {
  expect(newVolumes(given, "/volumes", node)).toEqual([]);
});

test("only a released volume of ours is removed", () => {
  const [made] = newVolumes(world, "/volumes", "ke");
  const volume = made?.volume as Volume;
  const released = { ...volume, status: { phase: "Released" } };
  const kept = { ...released, spec: { ...released.spec, persistentVolumeReclaimPolicy: "Retain" } };
  const foreign = { ...released, metadata: { name: "x" } };
  expect(releasedVolumes({ ...world, volumes: [volume, released, kept, foreign] })).toEqual([released]);
});
