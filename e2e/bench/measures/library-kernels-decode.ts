/** A decode step at position 64, our kernels over naive ones. */
import { libraryKernels } from "../library-kernels.ts";

export default libraryKernels("library-kernels-decode", 1, 64, 60);
