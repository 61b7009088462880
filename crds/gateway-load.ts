import { Type, type Static } from "typebox";

/** How much gateways that stand for one another have to do, and the pods that run at least for it; for a status. */
export const GatewayLoad = Type.Object(
  {
    requestsPerSecond: Type.Integer({ description: "What its gateways report, in steps." }),
    minReplicas: Type.Integer({ description: "Gateways that run at least for it." }),
    calmSince: Type.Optional(
      Type.String({ maxLength: 40, description: "Five minutes after it one pod fewer has to run." }),
    ),
  },
  { description: "How much its gateways have to do." },
);
export type GatewayLoad = Static<typeof GatewayLoad>;
