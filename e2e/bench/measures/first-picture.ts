/** From the start of navigation to the first complete picture: model, four answers, projection. */
import { firstPicture } from "../first-picture.ts";

export default firstPicture("first-picture", "", 3000);
