import { STACK_LABEL } from "../csr/names.ts";
import type { Stack } from "./stack.ts";

/** Label that tells a component's pods from the others'; selectors use it alone, so it never changes. */
export const COMPONENT_LABEL = "app.kubernetes.io/name";

/** Label of everything that is there for one partner alone; its value is the client id. */
const CLIENT_LABEL = "openbanking.wekeza.io/client";

/** What selects a component's pods. */
export function selectorOf(component: string): Record<string, string> {
  return { [COMPONENT_LABEL]: component };
}

/** Labels of an object that belongs to a component. */
export function labelsOf(stack: Stack, component: string): Record<string, string> {
  return {
    ...selectorOf(component),
    "app.kubernetes.io/part-of": "wekeza",
    [STACK_LABEL]: stack.group,
    ...(stack.beside ? { [CLIENT_LABEL]: stack.beside.clientId } : {}),
  };
}

/** Metadata of a namespaced object of a component. */
export function metadataOf(stack: Stack, component: string, name = component) {
  return { name, namespace: stack.namespace, labels: labelsOf(stack, component) };
}
