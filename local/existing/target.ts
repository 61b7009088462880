import { type RegistryAddress, registryAddress } from "../image/registry-address.ts";
import { contextFolder } from "../paths.ts";
import { jurisdictionOf } from "./jurisdiction.ts";
import { type ChosenKeyStore, keyStoreIn } from "./key-store.ts";

/** A cluster of the user's own that the platform is installed into: hub and one region at once. */
export interface Target {
  /** Name of a context of the user's kubeconfig. */
  readonly context: string;
  readonly registry: RegistryAddress;
  /** Country of the one region, ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Where keys are that are in no Secret; absent: none are. */
  readonly keyStore?: ChosenKeyStore;
  /** Folder for what is kept between runs: keys, kubeconfig. */
  readonly run: string;
}

const EXAMPLE = "make up CONTEXT=my-cluster REGISTRY=registry.example/bank";

/**
 * What `make up CONTEXT=… REGISTRY=… [COUNTRY=…] [KEY_STORE=…]` asks for; undefined when local clusters are meant.
 *
 * @throws RangeError with a sentence that says what to write instead.
 */
export function targetOf(environment: NodeJS.ProcessEnv): Target | undefined {
  const context = contextOf(environment);
  const registry = environment["REGISTRY"] ?? "";
  const keyStore = environment["KEY_STORE"] ?? "";
  if (context === undefined && keyStore !== "")
    throw new RangeError(
      `KEY_STORE=${keyStore} is given without a CONTEXT: local clusters have no store of the bank's; name a cluster of your own, as in ${EXAMPLE} KEY_STORE=${keyStore}.`,
    );
  if (context === undefined && registry === "") return undefined;
  if (context === undefined)
    throw new RangeError(
      `REGISTRY=${registry} is given without a CONTEXT: name the kubeconfig context of the cluster that shall pull from it, as in ${EXAMPLE}.`,
    );
  if (registry === "")
    throw new RangeError(
      `CONTEXT=${context} is given without a REGISTRY: its nodes must pull the images from somewhere, as in ${EXAMPLE}.`,
    );
  const country = environment["COUNTRY"] || "KE";
  jurisdictionOf(country);
  return {
    context,
    registry: registryAddress(registry),
    country,
    ...(keyStore === "" ? {} : { keyStore: keyStoreIn(keyStore) }),
    run: contextFolder(environment, context),
  };
}

/** The context that is named, if one is. */
export function contextOf(environment: NodeJS.ProcessEnv): string | undefined {
  return environment["CONTEXT"] || undefined;
}
