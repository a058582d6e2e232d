/** The same of another problem's thoughts and of random vectors of the same norm: the most of all. */
import { frontierFigure } from "../frontier.ts";

export default frontierFigure("frontier-mass-controls", ["swapped", "random"], (masses) => Math.max(...masses), { atMost: 0.3 });
