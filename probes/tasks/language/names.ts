/**
 * The people of the stories: short, common names, no two with the same first
 * letter, so that the first token of a name tells it from the others.
 */
export const names: readonly string[] = ["Alice", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry"];
