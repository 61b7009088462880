import { Approval } from "./approval.ts";
import { ConsentPolicy } from "./consent-policy.ts";
import { FailoverGroup } from "./failover-group.ts";
import type { Kind } from "./kind.ts";
import { Partner } from "./partner.ts";
import { Region } from "./region.ts";

/** Every kind of the API, in the order they are read: what a partner is, what may be consented to, where it runs, who agreed. */
export const KINDS: readonly Kind[] = [Partner, ConsentPolicy, Region, FailoverGroup, Approval];
