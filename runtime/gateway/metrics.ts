import type { Metric, Registry } from "prom-client";

/** Counts of calls, cheap enough for every one. */
export interface CallMetrics {
  observe(route: string, status: number, refusal: string, seconds: number): void;
}

/** Upper bounds of the duration buckets, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** One count per bound, then the number of calls and the sum of their seconds. */
  readonly numbers: Float64Array;
}

/** One value of a metric, as prom-client prints it. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * Registers `wekeza_gateway_request_duration_seconds` (route, status) and `wekeza_gateway_refusals_total` (refusal).
 *
 * Plain arrays: prom-client's own labelled histogram costs three times as much per call as all checks together.
 */
export function callMetrics(registry: Registry): CallMetrics {
  const series = new Map<string, Series>();
  const refusals = new Map<string, number>();
  const duration = "wekeza_gateway_request_duration_seconds";
  const refused = "wekeza_gateway_refusals_total";
  register(registry, duration, "histogram", "Duration of calls.", () =>
    [...series.values()].flatMap((one) => samplesOf(duration, one)),
  );
  register(registry, refused, "counter", "Calls refused, by reason.", () =>
    [...refusals].map(([refusal, value]) => ({ metricName: refused, labels: { refusal }, value })),
  );
  return {
    observe(route, status, refusal, seconds) {
      const key = `${route} ${status}`;
      let found = series.get(key);
      if (found === undefined) {
        found = { labels: { route, status: String(status) }, numbers: new Float64Array(BOUNDS.length + 2) };
        series.set(key, found);
      }
      const { numbers } = found;
      let at = 0;
      while (at < BOUNDS.length && seconds > (BOUNDS[at] ?? 0)) at += 1;
      if (at < BOUNDS.length) numbers[at] = (numbers[at] ?? 0) + 1;
      numbers[BOUNDS.length] = (numbers[BOUNDS.length] ?? 0) + 1;
      numbers[BOUNDS.length + 1] = (numbers[BOUNDS.length + 1] ?? 0) + seconds;
      if (refusal !== "") refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    },
  };
}

function samplesOf(name: string, { labels, numbers }: Series): Sample[] {
  let sum = 0;
  const total = numbers[BOUNDS.length] ?? 0;
  const buckets = BOUNDS.map((le, n) => {
    sum += numbers[n] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: sum };
  });
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: total },
    { metricName: `${name}_sum`, labels, value: numbers[BOUNDS.length + 1] ?? 0 },
    { metricName: `${name}_count`, labels, value: total },
  ];
}

/** Hands the registry something that prints as a metric; its type asks for more than printing needs. */
function register(
  registry: Registry,
  name: string,
  type: string,
  help: string,
  samples: () => Sample[],
): void {
  const metric = {
    name,
    help,
    get: async () => ({ name, help, type, values: samples(), aggregator: "sum" }),
  };
  registry.registerMetric(metric as unknown as Metric);
}

/** Registers numbers that are read when asked for. */
export function registerGauge(registry: Registry, name: string, help: string, value: () => number): void {
  register(registry, name, "gauge", help, () => [{ metricName: name, labels: {}, value: value() }]);
}
