import { expect, test } from "vitest";
import { machineFlags, serverProperties } from "./settings.ts";

const settings = serverProperties({
  host: "kafka",
  port: 9092,
  controllerPort: 9093,
  volume: "/var/lib/kafka",
  folder: "/run/kafka/broker",
});

test("the settings of a stack's Kafka", async () => {
  await expect(settings).toMatchFileSnapshot("golden/server.properties");
});

test("only the controller, over loopback, is spoken to without TLS", () => {
  const listeners = /^listeners=(.*)$/m.exec(settings)?.[1]?.split(",");
  expect(listeners).toEqual(["SSL://:9092", "CONTROLLER://127.0.0.1:9093"]);
});

test("a heap smaller than the usual first one is not begun above itself", () => {
  expect(machineFlags(48, "/x")).toEqual(expect.arrayContaining(["-Xms48m", "-Xmx48m"]));
});
