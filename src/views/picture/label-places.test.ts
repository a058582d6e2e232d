import { expect, test } from "vitest";
import { freePlace } from "./label-places.ts";

const frame = { left: 0, top: 0, right: 100, bottom: 100 };
const right = { left: 55, top: 40, right: 100, bottom: 60 };

test("a label stands to the right where there is room", () => expect(freePlace(50, 50, 20, 10, 8, [], frame)).toEqual({ left: 58, top: 45, right: 78, bottom: 55 }));
test("else to the left", () => expect(freePlace(50, 50, 20, 10, 8, [right], frame)).toEqual({ left: 22, top: 45, right: 42, bottom: 55 }));
test("it stays inside the frame", () => expect(freePlace(95, 50, 20, 10, 8, [], frame)?.right).toBe(87));
test("it is left out where there is no room", () => expect(freePlace(50, 50, 20, 10, 8, [frame], frame)).toBeNull());
