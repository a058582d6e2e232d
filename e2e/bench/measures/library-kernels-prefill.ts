/** Reading a prompt of 128 tokens, our kernels over naive ones. */
import { libraryKernels } from "../library-kernels.ts";

export default libraryKernels("library-kernels-prefill", 128, 0, 12);
