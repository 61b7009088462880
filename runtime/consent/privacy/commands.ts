import type { Database } from "../../service/postgres.ts";
import { holdsOf, placeHold, releaseHold } from "./hold.ts";
import { giveRecord } from "./record.ts";
import { createPrivacyRequests } from "./request-store.ts";
import {
  ANSWERS,
  LAWS,
  newRequest,
  PRIVACY_KINDS,
  type PrivacyKind,
  type PrivacyRequest,
} from "./request.ts";
import { restrict, unrestrict } from "./restriction.ts";

export const USAGE = `What the bank does about its customers' rights over their data; what changes anything says who does it (--by NAME).
  list                             requests that wait for an answer, the most urgent first
  of CUSTOMER                      a customer's requests
  record CUSTOMER                  everything that is kept of her, as she gets it herself; that it was given is written down
  ask CUSTOMER KIND [--law GDPR|KenyaDPA] [--words TEXT]
                                   writes down what she asked: access, rectification, erasure, restriction or objection
  answer REQUEST Granted|Refused [--because TEXT]
  extend REQUEST --because TEXT    takes two months more (GDPR); tell her why
  unrestrict CUSTOMER              after a restriction; tell her before
  hold CUSTOMER --until DATE --because TEXT
                                   keeps everything about her from being erased
  holds CUSTOMER                   what keeps her data
  release HOLD                     ends a hold before its time`;

/** What a command works with. */
interface Hands {
  readonly database: Database;
  readonly now: Date;
  readonly newId: (prefix: string) => string;
}

/** What may be told with a command. */
export interface Options {
  readonly by?: string | undefined;
  readonly law?: string | undefined;
  readonly until?: string | undefined;
  readonly because?: string | undefined;
  readonly words?: string | undefined;
}

/** Requests shown in one list. */
const LISTED = 500;

/**
 * Does one thing that a person of the bank asks for.
 *
 * @returns what there is to say.
 * @throws Error with what to write instead.
 */
export async function runCommand(
  [command = "", subject = "", word = ""]: readonly string[],
  options: Options,
  { database, now, newId }: Hands,
): Promise<object> {
  const requests = createPrivacyRequests(database);
  if (command === "list") return requests.open(LISTED);
  if (subject === "") throw new Error(USAGE);
  if (command === "of") return requests.of(subject);
  if (command === "holds") return holdsOf(database, subject);
  const by = needed(options.by, "--by NAME: who does this");
  const actor = { kind: "bank", id: by } as const;
  const asked = (kind: PrivacyKind): PrivacyRequest => {
    const law = oneOf(LAWS, options.law ?? "KenyaDPA");
    const { words } = options;
    return newRequest({ id: newId("prv"), customer: subject, kind, law, askedBy: actor, words }, now);
  };
  switch (command) {
    case "record":
      return giveRecord(database, asked("access"), () => undefined);
    case "ask": {
      const kind = oneOf(PRIVACY_KINDS, word);
      const request = asked(kind);
      return kind === "restriction" ? restrict(database, request) : requests.ask(request);
    }
    case "answer": {
      const answer = oneOf(ANSWERS, word);
      if (answer === "Refused") needed(options.because, "--because TEXT: what she is told");
      return requests.answer(subject, { answer, because: options.because, actor, at: now });
    }
    case "extend": {
      const because = needed(options.because, "--because TEXT: what she is told");
      return requests.extend(subject, { because, actor, at: now });
    }
    case "unrestrict":
      return { ended: await unrestrict(database, subject, { actor, at: now }) };
    case "hold": {
      const until = new Date(needed(options.until, "--until DATE: when it ends by itself"));
      if (!(until > now)) throw new Error("--until must be a date to come, such as 2028-01-31.");
      const reason = needed(options.because, "--because TEXT: such as the number of a case");
      const hold = { id: newId("hold"), customer: subject, reason, placedBy: by, placedAt: now, until };
      await placeHold(database, hold);
      return hold;
    }
    case "release":
      await releaseHold(database, subject, { by, at: now });
      return { released: subject };
    default:
      throw new Error(USAGE);
  }
}

function needed(value: string | undefined, what: string): string {
  if (value === undefined || value === "") throw new Error(`Please add ${what}.`);
  return value;
}

function oneOf<T extends string>(words: readonly T[], word: string): T {
  const found = words.find((each) => each === word);
  if (found === undefined) throw new Error(`${word || "Nothing"} is none of ${words.join(", ")}.`);
  return found;
}
