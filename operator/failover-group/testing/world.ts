import { API_VERSION, type FailoverGroupObject } from "../../../crds/resources.ts";
import { eastAfrica as spec, ke } from "../../testing/custom-resources.ts";
import { eastAfrica as stack } from "../../stack/testing/example.ts";
import { renderStack } from "../../stack/render.ts";
import { observedKey, type Workload } from "../component.ts";
import type { World } from "../world.ts";

/** A certificate for the three hosts of east-africa, valid from 2026 to 2126. */
export const HOST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIB8DCCAZegAwIBAgIUPQUIAabVjm0lkU83zGsTVwjevp4wCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFaG9zdHMwIBcNMjYxMTIyMTkwNDE2WhgPMjEyNjEwMjkxOTA0
MTZaMBAxDjAMBgNVBAMMBWhvc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
m4XU36MyhDb+WKmOTO3YDEExNNhewnH5TzlFFpofudLCHaiGWxE88IvBjdq70JHh
LftI13cl5HAUIe5ksr25X6OBzDCByTAdBgNVHQ4EFgQUzXBaOcwgQfntWVaTtGnO
QbGsJ+AwHwYDVR0jBBgwFoAUzXBaOcwgQfntWVaTtGnOQbGsJ+AwDwYDVR0TAQH/
BAUwAwEB/zB2BgNVHREEbzBtgiBhcGkuZWFzdC1hZnJpY2Eub3BlbmJhbmtpbmcu
dGVzdIIhYXV0aC5lYXN0LWFmcmljYS5vcGVuYmFua2luZy50ZXN0giZtdGxzLmF1
dGguZWFzdC1hZnJpY2Eub3BlbmJhbmtpbmcudGVzdDAKBggqhkjOPQQDAgNHADBE
AiBBDJZLxmWnqZ1ZpY9iyk1KU4srF/Nni7DFjrHMFfPpcgIgYUzgPlbbm6E7bMum
dgTFm/WVZIXoBhppbiW92VE0f0Y=
-----END CERTIFICATE-----
`;

/** The same for the hosts that partners may have beneath the first of them, too. */
export const WIDE_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIICFzCCAb6gAwIBAgIUPSEvtwnrps6jKdE6KvLj8w/KWLowCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFaG9zdHMwIBcNMjYxMTIzMDgwMTAzWhgPMjEyNjEwMzAwODAx
MDNaMBAxDjAMBgNVBAMMBWhvc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
o9HmUwpop099JJsC8hzC2Kmyja8bEN1azYTC5xl/Y8S+r/m+vbyFHZcVgtuBKTyz
oVNRZYrMjmG1Tq9m1KCX7aOB8zCB8DAdBgNVHQ4EFgQUPI/jSxTavPem5VNBKklV
QLwHsA8wHwYDVR0jBBgwFoAUPI/jSxTavPem5VNBKklVQLwHsA8wDwYDVR0TAQH/
BAUwAwEB/zCBnAYDVR0RBIGUMIGRgiBhcGkuZWFzdC1hZnJpY2Eub3BlbmJhbmtp
bmcudGVzdIIiKi5hcGkuZWFzdC1hZnJpY2Eub3BlbmJhbmtpbmcudGVzdIIhYXV0
aC5lYXN0LWFmcmljYS5vcGVuYmFua2luZy50ZXN0giZtdGxzLmF1dGguZWFzdC1h
ZnJpY2Eub3BlbmJhbmtpbmcudGVzdDAKBggqhkjOPQQDAgNHADBEAiBHJ1jSvWPQ
SD8MOfYdYxx8dlV2fPqZIX1zfLHGbR1UTQIge95LrYOuekYgDiw9bcq+dUCatqHI
uUcAeCh3UiAOCDw=
-----END CERTIFICATE-----
`;

/** The group of the tests, as the API server has it. */
export const group: FailoverGroupObject = {
  ...spec,
  apiVersion: API_VERSION,
  metadata: { name: "east-africa", uid: "u-1", generation: 1, creationTimestamp: "2026-11-22T10:00:00Z" },
};

/** Everything the group needs is there; nothing has been made yet. */
export const bare: World = {
  members: [{ name: "ke", spec: ke.spec, leaving: false }],
  neighbours: [],
  region: {
    cluster: "ke",
    serviceCa: stack.serviceCa,
    apiServer: stack.apiServer,
    operator: stack.operator,
    observed: new Map(),
    tenants: [],
    made: {},
  },
  hostTls: { certificate: Buffer.from(HOST_CERTIFICATE).toString("base64"), key: "a2V5" },
  retiring: [],
  partnerCa: stack.partnerCa,
  trust: stack.trust,
  images: stack.images,
  namespaces: { hosts: "wekeza-hosts", system: "wekeza-system", region: "wekeza-region" },
  records: [],
  foreignRecords: false,
};

/** The stack's workloads as they look when all is well. */
export function running(): ReadonlyMap<string, Workload> {
  const ready: Readonly<Record<string, Workload["status"]>> = {
    Deployment: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    StatefulSet: {
      observedGeneration: 1,
      replicas: 1,
      readyReplicas: 1,
      currentRevision: "a",
      updateRevision: "a",
    },
    Job: { succeeded: 1 },
  };
  const wanted = renderStack(stackOfTests());
  const addresses = { api: "192.0.2.1", auth: "192.0.2.2", "mtls-auth": "192.0.2.3" };
  const workloads = wanted.flatMap((object): readonly (readonly [string, Workload])[] => {
    const status = ready[object.kind];
    if (!status) return [];
    const metadata = { ...object.metadata, generation: 1 };
    return [[observedKey(object), { ...object, metadata, status }]];
  });
  const entrances = Object.entries(addresses).map(([name, ip]): readonly [string, Workload] => {
    const metadata = { name, namespace: stack.namespace };
    const status = { loadBalancer: { ingress: [{ ip }] } };
    return [`Service ${name}`, { apiVersion: "v1", kind: "Service", metadata, status }];
  });
  return new Map([...workloads, ...entrances]);
}

function stackOfTests() {
  const sizes = { minReplicas: 1, maxReplicas: 3 };
  return { ...stack, gateway: sizes, services: sizes, hostTls: bare.hostTls ?? stack.hostTls };
}
