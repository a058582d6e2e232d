import { expect, test } from "vitest";
import { gradeName, gradeNumber } from "./grading.ts";

const known = ["Alice", "Bob", "Carol"];

test.each([
  ["the name", "Bob"],
  ["a space before, a full stop behind", " Bob."],
  ["small letters", "bob"],
  ["capitals", "BOB!"],
  ["bold", "**Bob**"],
  ["underlined", "_Bob_"],
  ["quoted, in a new line", ':\n\n"Bob"'],
  ["words around it", "that Bob has the red ball, and so on."],
  ["another name later on", "Bob, who got it from Alice."],
  ["another name before the phrase", "Alice gave it to Bob. The answer is Bob."],
  ["the phrase twice", "The answer is Alice. No: the answer is Bob."],
  ["a possessive", "Bob's"],
  ["in TeX", "\\boxed{Bob}"],
  ["the name twice", "Bob or Bob"],
  ["another name denied before it", "not Alice, but Bob."],
])("right: %s", (_, text) => expect(gradeName(known, "Bob", text)).toBe(true));

test.each([
  ["nothing", ""],
  ["no name", " the red ball."],
  ["another name", "Alice"],
  ["the right one too late", "Alice has it, not Bob"],
  ["a name that only begins alike", "Bobby"],
  ["a name inside a word", "kabob"],
  ["either of two", "Bob or Alice"],
  ["a list", "Bob, Alice"],
  ["a list with a comma and a word", "Bob, and Alice"],
  ["a slash", "Bob/Alice"],
  ["bold alternatives", "**Bob** or **Alice**"],
  ["the phrase with nothing behind it", "Bob. The answer is"],
  ["denied", "not Bob."],
  ["denied in bold", "definitely not **Bob**"],
  ["denied in short", "it isn't Bob"],
])("wrong: %s", (_, text) => expect(gradeName(known, "Bob", text)).toBe(false));

test.each([
  ["a digit", "7"],
  ["with its unit", " 7 apples."],
  ["bold", "**7**"],
  ["in letters", "seven"],
  ["in letters with a capital", "Seven."],
  ["a whole number with a nought behind the point", "7.0"],
  ["behind a colon", ": 7"],
  ["in TeX", "$\\boxed{7}$"],
  ["after the sums", "4 + 3 = 7, so the answer is 7."],
])("right number: %s", (_, text) => expect(gradeNumber("7", text)).toBe(true));

test.each([
  ["nothing", ""],
  ["another", "8"],
  ["more digits", "17"],
  ["more digits behind", "70"],
  ["a fraction", "7.5"],
  ["a negative number", "-7"],
  ["a negative number with a true minus", "−7"],
  ["the sums first", "4 + 3 = 7"],
  ["either of two", "7 or 8"],
  ["inside a word", "B7 7th"],
  ["in letters inside a word", "seventeen"],
  ["denied", "not 7 but 8"],
])("wrong number: %s", (_, text) => expect(gradeNumber("7", text)).toBe(false));

test("thousands are read with their commas", () => expect(gradeNumber("1200", "1,200")).toBe(true));
