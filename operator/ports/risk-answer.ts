import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { RiskScore } from "./risk-scores.ts";

/** Everybody a risk service has something to say about, by `docs/contracts/wekeza-risk.v1.yaml`. */
const Answer = Type.Object({
  scores: Type.Array(
    Type.Object({
      clientId: Type.String({ pattern: "^ptn-[0-9a-f]{16}$" }),
      score: Type.Number({ minimum: 0, maximum: 100 }),
      reason: Type.String({ maxLength: 256 }),
    }),
    { maxItems: 10_000 },
  ),
});
const answers = Compile(Answer);

/**
 * The scores in a risk service's answer, by client id.
 *
 * @throws Error naming the first thing that the contract does not allow; an answer counts as a whole or not at all.
 */
export function scoresIn(body: Uint8Array): ReadonlyMap<string, RiskScore> {
  const answer = jsonIn(body);
  if (!answers.Check(answer)) {
    const [first] = answers.Errors(answer);
    throw outside(`${first?.instancePath || "it"} ${first?.message ?? "has another form"}`);
  }
  const scores = new Map<string, RiskScore>();
  for (const { clientId, score, reason } of answer.scores) {
    if (scores.has(clientId)) throw outside(`${clientId} stands in it twice`);
    // Half a surrogate pair is JSON and no text: the API server would keep something else than it was sent.
    if (!reason.isWellFormed()) throw outside(`the reason of ${clientId} is not well-formed`);
    scores.set(clientId, { score, reason });
  }
  return scores;
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new Error("Its answer is not JSON in UTF-8.", { cause: error });
  }
}

function outside(what: string): Error {
  return new Error(`Its answer is outside docs/contracts/wekeza-risk.v1.yaml: ${what}.`);
}
