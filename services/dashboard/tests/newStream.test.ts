import { expect, test } from "vitest";
import { datasetBody, emptyDataset, emptySimulation, simulationBody } from "../src/overview/newStream";

/** As it is sent: without what is not given. */
const sent = (body: object) => JSON.parse(JSON.stringify(body)) as object;

test("only what was filled in is sent", () => {
  expect(sent(simulationBody({ ...emptySimulation(), id: " lab " }))).toEqual({ id: "lab", profile: "sensor" });
  expect(sent(datasetBody({ ...emptyDataset(), url: "https://a.example/x.json" }))).toEqual({
    kind: "dataset",
    url: "https://a.example/x.json",
  });
});

test("of count and duration the one that was chosen is sent", () => {
  const form = { ...emptySimulation(), id: "lab", count: 5, duration: 7 };
  expect(sent(simulationBody({ ...form, lasts: "count" }))).toMatchObject({ count: 5 });
  expect(simulationBody({ ...form, lasts: "count" }).duration).toBeUndefined();
  expect(sent(simulationBody({ ...form, lasts: "duration" }))).toMatchObject({ duration: 7 });
});

test("shares are typed in percent and sent as parts of one", () => {
  const ratios = { ...emptySimulation().ratios, late_ratio: 2.5 };
  expect(sent(simulationBody({ ...emptySimulation(), id: "a", ratios }))).toMatchObject({ late_ratio: 0.025 });
});

test("a table has no categories, whatever was typed before", () => {
  const form = { ...emptySimulation(), id: "a", categories: "x, y ,," };
  expect(simulationBody(form).categories).toEqual(["x", "y"]);
  expect(simulationBody({ ...form, profile: "table" }).categories).toBeUndefined();
});

test("patterns of fields are lists", () => {
  const form = { ...emptyDataset(), url: "x", include: "machine.*", split_by: "machine, line" };
  expect(sent(datasetBody(form))).toMatchObject({
    fields: { include: ["machine.*"], exclude: [] },
    split_by: ["machine", "line"],
  });
});
