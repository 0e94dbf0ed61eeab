/** Who is emulated: one line for each vendor. */
import type { CreateVendor } from './vendor.ts';

export const vendors: readonly CreateVendor[] = [];
